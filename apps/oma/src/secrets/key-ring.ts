import { createHash, randomBytes } from 'node:crypto';
import { MigrationError } from '@ossea/errors';

export const KEY_BYTES = 32;

/** A key that wraps the keys of secrets. */
export interface Kek {
  /** Names the key in every secret that it wraps; tells nothing of it. */
  readonly id: string;
  readonly key: Buffer;
}

/** Throws `config.invalid` for anything but 32 bytes. */
export function kekOf(key: Buffer): Kek {
  if (key.length !== KEY_BYTES)
    throw new MigrationError('config.invalid', `kekFile: expected a file of ${KEY_BYTES} bytes.`);
  return { id: createHash('sha256').update(key).digest('hex').slice(0, 8), key };
}

export function newKek(): Kek {
  return kekOf(randomBytes(KEY_BYTES));
}

/** The keys that this process has: one seals, all open. */
export class KeyRing {
  private readonly keys = new Map<string, Kek>();

  constructor(
    private newest: Kek,
    older: readonly Kek[] = [],
  ) {
    for (const kek of [newest, ...older]) this.keys.set(kek.id, kek);
  }

  get current(): Kek {
    return this.newest;
  }

  /** Ids of the keys that only open. */
  get olderIds(): string[] {
    return [...this.keys.keys()].filter((id) => id !== this.newest.id);
  }

  find(id: string): Kek | undefined {
    return this.keys.get(id);
  }

  /** From now on this key seals; the one before still opens. */
  takeIntoUse(kek: Kek): void {
    this.keys.set(kek.id, kek);
    this.newest = kek;
  }

  /** Forgets a key that seals nothing any more. */
  drop(id: string): void {
    if (id !== this.newest.id) this.keys.delete(id);
  }
}

import { createHash, randomBytes } from 'node:crypto';
import { MigrationError } from '@ossea/errors';

export const KEY_BYTES = 32;
/** Whoever read a row just before it was sealed anew opens what they read within this time. */
const GRACE_MS = 10 * 60_000;

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
  private readonly leaving = new Map<string, Kek>();

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
    return this.keys.get(id) ?? this.leaving.get(id);
  }

  /** From now on this key seals; the one before still opens. */
  takeIntoUse(kek: Kek): void {
    this.keys.set(kek.id, kek);
    this.newest = kek;
  }

  /** Forgets a key that no row needs: at once for all that is to come, and in memory after a while. */
  drop(id: string): void {
    const kek = this.keys.get(id);
    if (!kek || id === this.newest.id) return;
    this.keys.delete(id);
    this.leaving.set(id, kek);
    setTimeout(() => this.leaving.delete(id), GRACE_MS).unref();
  }
}

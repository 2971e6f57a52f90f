import { MigrationError } from '@ossea/errors';
import { kekOf, KeyRing } from './key-ring.js';
import { KeyUse } from './key-use.js';
import { mustBeRegistered, type SecretPlace } from './sealed-columns.js';
import { open, parseSealed, rewrap, seal, type SealedText } from './sealed-text.js';

/**
 * Seals secrets with AES-256-GCM. Each has a random key of its own, which a key-encryption key (KEK) from outside the
 * database wraps; what it belongs to is authenticated, so that a sealed secret which somebody moves to another row or
 * field does not open there. Every sealed secret names the KEK that it needs.
 */
export class SecretBox {
  readonly use = new KeyUse();

  constructor(readonly ring: KeyRing) {}

  /** A box with one key. @param key 32 random bytes. */
  static withKey(key: Buffer): SecretBox {
    return new SecretBox(new KeyRing(kekOf(key)));
  }

  /** Runs an operation that seals secrets and stores them: a rotation waits for it before it destroys a key. */
  sealing<T>(run: () => Promise<T>): Promise<T> {
    return this.use.during(run);
  }

  /** Call it within `sealing`, which ends when the secret is stored. */
  seal(secret: string, place: SecretPlace): string {
    mustBeRegistered(place);
    const kek = this.ring.current;
    this.use.note(kek.id);
    return seal(secret, place, kek);
  }

  /** A stored secret that is to be stored again as it is. Call it within `sealing`. */
  kept(sealed: string): string {
    const parsed = parseSealed(sealed);
    if (parsed) this.use.note(parsed.kekId);
    return sealed;
  }

  /** Throws `config.invalid` when the secret was sealed with another key, for another place, or was changed. */
  open(sealed: string, place: SecretPlace): string {
    const { parsed, kek } = this.known(sealed);
    try {
      return open(parsed, place, kek);
    } catch (cause) {
      throw cannotOpen(cause);
    }
  }

  /** The id of the KEK that a sealed secret needs; `undefined` for what is none. */
  kekIdOf(sealed: string): string | undefined {
    return parseSealed(sealed)?.kekId;
  }

  /** Whether a secret is sealed as a new one would be: by the present KEK, in the present format. */
  isUpToDate(sealed: string): boolean {
    const parsed = parseSealed(sealed);
    return parsed?.version === 'v2' && parsed.kekId === this.ring.current.id;
  }

  /** The same secret, up to date. Throws as `open` does. */
  rewrap(sealed: string, place: SecretPlace): string {
    const { parsed, kek } = this.known(sealed);
    try {
      return rewrap(parsed, place, kek, this.ring.current);
    } catch (cause) {
      throw cannotOpen(cause);
    }
  }

  private known(sealed: string) {
    const parsed: SealedText | undefined = parseSealed(sealed);
    const kek = parsed && this.ring.find(parsed.kekId);
    if (parsed && kek) return { parsed, kek };
    throw new MigrationError(
      'config.invalid',
      'A stored secret was sealed with another key; enter it again.',
    );
  }
}

function cannotOpen(cause: unknown): MigrationError {
  return new MigrationError('config.invalid', 'A stored secret cannot be opened; enter it again.', { cause });
}

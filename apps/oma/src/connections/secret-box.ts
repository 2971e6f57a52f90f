import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/**
 * Seals secrets with AES-256-GCM under a key that lies outside the database. Each value has a key of its own
 * (HKDF-SHA256, RFC 5869, over a random salt), and what it belongs to is authenticated: a sealed secret that
 * somebody moves to another row or field does not open there.
 */
export class SecretBox {
  private readonly keyId: string;

  /** @param key 32 random bytes. */
  constructor(private readonly key: Buffer) {
    if (key.length !== KEY_BYTES)
      throw new MigrationError('config.invalid', `kekFile: expected a file of ${KEY_BYTES} bytes.`);
    this.keyId = createHash('sha256').update(key).digest('hex').slice(0, 8);
  }

  /**
   * Opens the box of a key file; makes the file when it is not there.
   * Throws `config.invalid` for a key of another size, or one that others may read.
   */
  static async at(file: string): Promise<SecretBox> {
    try {
      const made = await open(file, 'wx', 0o600);
      try {
        await made.write(randomBytes(KEY_BYTES));
        await made.sync();
      } finally {
        await made.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new MigrationError('config.invalid', 'kekFile: expected a file that can be made or read.', {
          cause: error,
        });
    }
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0)
      throw new MigrationError('config.invalid', 'kekFile: expected a file that only its owner may read.');
    return new SecretBox(await readFile(file));
  }

  /** @param place what the secret belongs to, for example `con_…/password`. */
  seal(secret: string, place: string): string {
    const salt = randomBytes(SALT_BYTES);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.keyOf(salt), iv);
    cipher.setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return [
      VERSION,
      this.keyId,
      Buffer.concat([salt, iv, cipher.getAuthTag(), sealed]).toString('base64url'),
    ].join('.');
  }

  /** Throws `config.invalid` when the secret was sealed with another key, for another place, or was changed. */
  open(sealed: string, place: string): string {
    const [version, keyId, body] = sealed.split('.');
    if (version !== VERSION || keyId !== this.keyId || body === undefined)
      throw new MigrationError(
        'config.invalid',
        'A stored secret was sealed with another key; enter it again.',
      );
    const bytes = Buffer.from(body, 'base64url');
    const salt = bytes.subarray(0, SALT_BYTES);
    const iv = bytes.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
    const tagEnd = SALT_BYTES + IV_BYTES + TAG_BYTES;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.keyOf(salt), iv);
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(SALT_BYTES + IV_BYTES, tagEnd));
      return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new MigrationError('config.invalid', 'A stored secret cannot be opened; enter it again.', {
        cause,
      });
    }
  }

  private keyOf(salt: Buffer): Buffer {
    return Buffer.from(hkdfSync('sha256', this.key, salt, 'ossea secret', KEY_BYTES));
  }
}

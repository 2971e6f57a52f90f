import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MigrationError } from '@ossea/errors';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = SALT_BYTES + IV_BYTES + TAG_BYTES;
const VERSION = 'v1';

/**
 * Seals secrets with AES-256-GCM under a key that lies outside the database. Each value has a key of its own
 * (HKDF-SHA256, RFC 5869, over a random salt), and what it belongs to is authenticated: a sealed secret that
 * somebody moves to another row or field does not open there. Every sealed secret names the key it was sealed with.
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
      return new SecretBox((await readKey(file)) ?? (await makeKey(file)));
    } catch (error) {
      if (error instanceof MigrationError) throw error;
      throw new MigrationError('config.invalid', 'kekFile: expected a file that can be made or read.', {
        cause: error,
      });
    }
  }

  /** @param place what the secret belongs to, for example `con_…/password`. */
  seal(secret: string, place: string): string {
    const salt = randomBytes(SALT_BYTES);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.keyOf(salt), iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    const body = Buffer.concat([salt, iv, cipher.getAuthTag(), sealed]);
    return [VERSION, this.keyId, body.toString('base64url')].join('.');
  }

  /** Throws `config.invalid` when the secret was sealed with another key, for another place, or was changed. */
  open(sealed: string, place: string): string {
    const [version, keyId, body, ...rest] = sealed.split('.');
    if (version !== VERSION || keyId !== this.keyId || body === undefined || rest.length > 0)
      throw new MigrationError(
        'config.invalid',
        'A stored secret was sealed with another key; enter it again.',
      );
    const bytes = Buffer.from(body, 'base64url');
    const salt = bytes.subarray(0, SALT_BYTES);
    const iv = bytes.subarray(SALT_BYTES, SALT_BYTES + IV_BYTES);
    try {
      // without its length a tag of four bytes would do
      const decipher = createDecipheriv(CIPHER, this.keyOf(salt), iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(SALT_BYTES + IV_BYTES, HEAD_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8');
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

async function readKey(file: string): Promise<Buffer | undefined> {
  let handle;
  try {
    handle = await open(file, constants.O_RDONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    // of the open file, not of the name: the name may mean another file a moment later
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0)
      throw new MigrationError('config.invalid', 'kekFile: expected a file that only its owner may read.');
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** All of the key or no file: half a key would keep the appliance from ever starting again. */
async function makeKey(file: string): Promise<Buffer> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(fresh, 'wx', 0o600);
    try {
      await handle.writeFile(randomBytes(KEY_BYTES));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
      // somebody else was faster: that key is the one
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(fresh, { force: true });
  }
  const directory = await open(dirname(file), constants.O_RDONLY);
  try {
    // a secret that is stored must not outlive its key in a power cut
    await directory.sync();
  } finally {
    await directory.close();
  }
  return (await readKey(file)) ?? Buffer.alloc(0);
}

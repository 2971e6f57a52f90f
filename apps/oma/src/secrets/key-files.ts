import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MigrationError, isMigrationError } from '@ossea/errors';
import { isMissing, syncDirectory } from '../volumes/durable-files.js';
import { KEY_BYTES, KeyRing, kekOf, newKek, type Kek } from './key-ring.js';

/** Where the present key stands, and who looks after it. */
export interface KeySource {
  readonly file: string;
  /** `credential`: systemd put it there, and we can only read it. */
  readonly kind: 'file' | 'credential';
}

/** Told after each durable change; a spec ends the process there. */
export type KeyFilePoint = 'next-written' | 'old-kept' | 'in-use' | 'old-destroyed';

const NOT_OURS = new Set(['EROFS', 'EACCES', 'EPERM']);

/**
 * The key-encryption keys as files: `kek` seals and opens, `kek.old` and `kek.old.<id>` beside it only open, `kek.next`
 * was made by a rotation that has not taken it into use yet. Each file is whole or not there.
 */
export class KeyFiles {
  private constructor(
    readonly source: KeySource,
    readonly ring: KeyRing,
    private readonly at: (point: KeyFilePoint) => void,
  ) {}

  /**
   * Reads the keys; makes the first one, when there is none and we may.
   * Throws `config.invalid` for a key of another size, or one that others may read.
   */
  static async open(
    source: KeySource,
    at: (point: KeyFilePoint) => void = () => undefined,
  ): Promise<KeyFiles> {
    try {
      const older = await readOlder(source);
      const current = (await readKey(source)) ?? (await makeFirst(source, older.length > 0));
      return new KeyFiles(source, new KeyRing(kekOf(current), older), at);
    } catch (error) {
      if (isMigrationError(error)) throw error;
      throw new MigrationError('config.invalid', 'kekFile: expected a file that can be made or read.', {
        cause: error,
      });
    }
  }

  /** Throws `secrets.keys-not-ours` where only an operator can put another key. */
  async mustBeOurs(): Promise<void> {
    if (this.source.kind === 'credential') throw notOurs('The key is a systemd credential.');
    const trial = `${this.source.file}.${randomBytes(6).toString('hex')}`;
    try {
      await (await open(trial, 'wx', 0o600)).close();
      await rm(trial);
    } catch (error) {
      throw NOT_OURS.has((error as NodeJS.ErrnoException).code ?? '')
        ? notOurs('The directory of the key file cannot be written.')
        : error;
    }
  }

  /** Makes the next key durable, unless an earlier life has. It is not in use yet. */
  async makeNext(): Promise<void> {
    if (await readKey({ ...this.source, file: this.next })) return;
    await writeNew(this.next, newKek().key);
    this.at('next-written');
  }

  /** The next key seals from now on; the present one stays beside it and opens. */
  async takeNextIntoUse(): Promise<void> {
    const key = await readKey({ ...this.source, file: this.next });
    if (!key) throw new Error('There is no next key.');
    const old = `${this.source.file}.old.${this.ring.current.id}`;
    await link(this.source.file, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await syncDirectory(dirname(old));
    this.at('old-kept');
    // whoever starts at any moment finds one of the two, and the other beside it
    await rename(this.next, this.source.file);
    await syncDirectory(dirname(old));
    this.at('in-use');
    this.ring.takeIntoUse(kekOf(key));
  }

  /** Overwrites and removes an old key. Never the present one, also not under another name. */
  async destroy(kekId: string): Promise<void> {
    if (kekId === this.ring.current.id) return;
    for (const { file, kek } of await olderFiles(this.source)) if (kek.id === kekId) await shred(file);
    this.ring.drop(kekId);
    this.at('old-destroyed');
  }

  /** Takes away what only looks like an old key: a rotation that was cut off kept the present one under that name. */
  async tidy(): Promise<void> {
    for (const { file, kek } of await olderFiles(this.source))
      if (kek.id === this.ring.current.id) await rm(file, { force: true });
  }

  private get next(): string {
    return `${this.source.file}.next`;
  }
}

async function readOlder(source: KeySource): Promise<Kek[]> {
  return (await olderFiles(source)).map(({ kek }) => kek);
}

async function olderFiles(source: KeySource): Promise<{ readonly file: string; readonly kek: Kek }[]> {
  const directory = dirname(source.file);
  const name = `${basename(source.file)}.old`;
  const names = await readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const found = [];
  for (const one of names.filter((other) => other === name || other.startsWith(`${name}.`))) {
    const file = join(directory, one);
    const key = await readKey({ ...source, file });
    if (key) found.push({ file, kek: kekOf(key) });
  }
  return found;
}

async function readKey({ file, kind }: KeySource): Promise<Buffer | undefined> {
  let handle;
  try {
    handle = await open(file, constants.O_RDONLY);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    // of the open file, not of the name: the name may mean another file a moment later.
    // systemd lets a service read its credentials by an access list, which shows as the group's right.
    const { mode } = await handle.stat();
    if ((mode & (kind === 'credential' ? 0o027 : 0o077)) !== 0)
      throw new MigrationError('config.invalid', 'kekFile: expected a file that only its owner may read.');
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function makeFirst({ file, kind }: KeySource, hasOlder: boolean): Promise<Buffer> {
  if (kind === 'credential')
    throw new MigrationError('config.invalid', 'kekCredential: expected a credential that can be read.');
  if (hasOlder)
    throw new MigrationError(
      'config.invalid',
      'kekFile: only old keys are there; the present one is missing.',
    );
  await writeNew(file, newKek().key);
  return (await readKey({ file, kind })) ?? Buffer.alloc(0);
}

/** All of the key or no file: half a key would keep the appliance from ever starting again. */
async function writeNew(file: string, key: Buffer): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(fresh, 'wx', 0o600);
    try {
      await handle.writeFile(key);
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
  // a secret that is stored must not outlive its key in a power cut
  await syncDirectory(dirname(file));
}

async function shred(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.write(randomBytes(KEY_BYTES), 0, KEY_BYTES, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rm(file);
  await syncDirectory(dirname(file));
}

function notOurs(why: string): MigrationError {
  return new MigrationError(
    'secrets.keys-not-ours',
    `${why} Put the present key beside it as "kek.old", a new one of 32 random bytes in its place, ` +
      'restart the appliance, then run: ossea secrets rewrap.',
  );
}

import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { z } from '@ossea/plugin-sdk';

const KEY = /^[a-z0-9-]{1,64}$/;
const entrySchema = z.strictObject({ vm: z.string().min(1) });

/**
 * Which machine a key was used for, kept in the connection's own directory and written before the snapshot is asked
 * for: a key alone says nothing, and a vCenter with ten thousand machines is not searched for every one.
 */
export class SnapshotLedger {
  private constructor(
    private readonly directory: string,
    /** Of this connection at this appliance: what stands under another owner is somebody else's replication. */
    readonly owner: string,
  ) {}

  static async open(scratchDir: string): Promise<SnapshotLedger> {
    const directory = join(scratchDir, 'snapshots');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new SnapshotLedger(directory, await ownerOf(join(scratchDir, 'owner')));
  }

  /** Durable when it comes back. */
  async write(key: string, vm: string): Promise<void> {
    const path = this.path(key);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify({ vm }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await fsyncDirectory(this.directory);
  }

  /** The machine that a key was used for. */
  async read(key: string): Promise<string | undefined> {
    if (!KEY.test(key)) return undefined;
    try {
      return entrySchema.parse(JSON.parse(await readFile(this.path(key), 'utf8'))).vm;
    } catch {
      // not there, or torn by a crash: then the vCenter itself is searched
      return undefined;
    }
  }

  async forget(key: string): Promise<void> {
    if (KEY.test(key)) await rm(this.path(key), { force: true });
  }

  private path(key: string): string {
    if (!KEY.test(key)) throw new MigrationError('request.invalid', 'A key is of the form [a-z0-9-]{1,64}.');
    return join(this.directory, `${key}.json`);
  }
}

/** Made once; of two who come first, one gives it and both have it. */
async function ownerOf(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known !== '') return known;
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, randomUUID(), { mode: 0o600, flush: true });
  try {
    await link(fresh, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  } finally {
    await rm(fresh, { force: true });
  }
  return readFile(path, 'utf8');
}

async function fsyncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

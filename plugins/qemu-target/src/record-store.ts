import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import type { z } from '@ossea/plugin-sdk';

/** True for "there is no such file". */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Makes names that were added to or removed from a directory survive a loss of power. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the contents of a file survive a loss of power. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Puts a whole file in place, durably: a reader sees the old one or the new one, at any moment and after any crash. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Records of one kind, one JSON file each, in a directory. The records are the plugin's memory across restarts. */
export class RecordStore<T> {
  private constructor(
    readonly directory: string,
    private readonly schema: z.ZodType<T>,
    /** What a record's name looks like; anything else was not made by us and is never touched. */
    private readonly idPattern: RegExp,
  ) {}

  static async open<T>(directory: string, schema: z.ZodType<T>, idPattern: RegExp): Promise<RecordStore<T>> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new RecordStore(directory, schema, idPattern);
  }

  /** The record, or `undefined` where there is none (or the id is none of ours). */
  async read(id: string): Promise<T | undefined> {
    if (!this.idPattern.test(id)) return undefined;
    let text: string;
    try {
      text = await readFile(this.pathOf(id), 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    return this.parse(id, text);
  }

  async write(id: string, record: T): Promise<void> {
    await writeDurably(this.pathOf(id), `${JSON.stringify(record, undefined, 2)}\n`);
  }

  async remove(id: string): Promise<void> {
    await rm(this.pathOf(id), { force: true });
    await syncDirectory(this.directory);
  }

  async list(): Promise<readonly (readonly [id: string, record: T])[]> {
    const listed: [string, T][] = [];
    for (const name of (await readdir(this.directory)).sort()) {
      const id = name.endsWith('.json') ? name.slice(0, -'.json'.length) : '';
      const record = await this.read(id);
      if (record !== undefined) listed.push([id, record]);
    }
    return listed;
  }

  /** The path of a file beside the records. */
  fileIn(name: string): string {
    return join(this.directory, name);
  }

  private pathOf(id: string): string {
    return join(this.directory, `${id}.json`);
  }

  private parse(id: string, text: string): T {
    try {
      return this.schema.parse(JSON.parse(text));
    } catch (error) {
      throw new MigrationError('storage.io-failed', `The record ${id}.json cannot be read.`, {
        cause: error,
      });
    }
  }
}

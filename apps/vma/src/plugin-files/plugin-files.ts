import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginFileState } from '@ossea/agent-protocol';
import { MigrationError, asMigrationError } from '@ossea/errors';
import type { PluginRegistry } from '@ossea/plugin-registry';
import { Turns, type PluginFile, type ProcessRunner } from '@ossea/plugin-sdk';

/** The largest that is known has a tenth of it. */
const MAX_ARCHIVE_BYTES = 1 << 30;
const UNPACK_TIMEOUT_MS = 120_000;
const CONTENT = 'content';
const NOTE = 'installed.json';
const INCOMING = 'incoming.tar.gz';
const FRESH = 'fresh-';

interface Note {
  readonly sha256: string;
  readonly installedAt: string;
}

/** Software that plugins work with and that the operator brings: `<root>/<plugin>/<file>/content`. */
export class PluginFiles {
  /** Two who send the same file do not unpack at once. */
  private readonly turns = new Turns();

  constructor(
    private readonly root: string,
    private readonly registry: Pick<PluginRegistry, 'list'>,
    private readonly runner: ProcessRunner,
  ) {}

  /** What plugins want brought, and what was. */
  async list(): Promise<PluginFileState[]> {
    const wanted = this.registry
      .list()
      .flatMap(({ id, files = [] }) => files.map((file) => ({ plugin: id, ...file })));
    return Promise.all(
      wanted.map(async ({ plugin, id, title, description }) => ({
        plugin,
        file: id,
        title,
        description,
        ...(await this.note(plugin, id)),
      })),
    );
  }

  /** Where the files of a plugin were unpacked, by id. */
  async directories(plugin: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const { id } of this.filesOf(plugin))
      if (await this.note(plugin, id)) found[id] = await topOf(join(this.at(plugin, id), CONTENT));
    return found;
  }

  /**
   * Takes the next piece of an archive; one at 0 begins anew. Gives how much there is.
   * Throws `request.not-found` for a file that no plugin wants, `request.conflict` for a piece that does not follow,
   * with what is expected, and `request.invalid` for an archive that is too large.
   */
  async receive(plugin: string, file: string, offset: number, bytes: Uint8Array): Promise<number> {
    this.mustBeWanted(plugin, file);
    const directory = this.at(plugin, file);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, INCOMING);
    const present = offset === 0 ? 0 : await sizeOf(path);
    if (offset !== present)
      throw new MigrationError('request.conflict', `The next piece begins at byte ${present}.`, {
        context: { expectedOffset: present },
      });
    if (offset + bytes.length > MAX_ARCHIVE_BYTES)
      throw new MigrationError('request.invalid', `An archive has ${MAX_ARCHIVE_BYTES} bytes at most.`);
    const target = await open(path, offset === 0 ? 'w' : 'a', 0o600);
    try {
      await target.writeFile(bytes);
    } catch (error) {
      throw asStorageFault(error);
    } finally {
      await target.close();
    }
    return offset + bytes.length;
  }

  /**
   * Unpacks what has arrived, if it is what was sent. Until then what was there before stays in use.
   * Throws `request.invalid` for another digest, and for what is no `.tar.gz`.
   */
  async install(plugin: string, file: string, sha256: string, signal: AbortSignal): Promise<void> {
    this.mustBeWanted(plugin, file);
    await this.turns.take(this.at(plugin, file), () => this.replace(plugin, file, sha256, signal));
  }

  private async replace(plugin: string, file: string, sha256: string, signal: AbortSignal): Promise<void> {
    const directory = this.at(plugin, file);
    const archive = join(directory, INCOMING);
    const arrived = await digestOf(archive);
    if (arrived !== sha256)
      throw new MigrationError('request.invalid', 'What has arrived is not what was sent: send it again.', {
        context: { expected: sha256, arrived: arrived ?? 'nothing' },
      });
    // what a crash has left
    for (const name of await readdir(directory))
      if (name.startsWith(FRESH)) await rm(join(directory, name), { recursive: true, force: true });
    const fresh = await mkdtemp(join(directory, FRESH));
    try {
      await this.unpack(archive, fresh, signal);
      const note: Note = { sha256, installedAt: new Date().toISOString() };
      // without a note nothing is in use: a crash in between asks for the archive again
      await rm(join(directory, NOTE), { force: true });
      await rm(join(directory, CONTENT), { recursive: true, force: true });
      await rename(fresh, join(directory, CONTENT));
      await writeFile(join(directory, NOTE), JSON.stringify(note), { mode: 0o600, flush: true });
      await rm(archive, { force: true });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }

  /** GNU tar leaves out leading slashes and refuses `..`: nothing lands outside of the directory. */
  private async unpack(archive: string, into: string, signal: AbortSignal): Promise<void> {
    const args = ['--extract', '--gzip', '--file', archive, '--directory', into];
    const safe = ['--no-same-owner', '--no-same-permissions'];
    try {
      await this.runner.exec(
        { command: 'tar', args: [...args, ...safe], timeoutMs: UNPACK_TIMEOUT_MS },
        { signal },
      );
    } catch (thrown) {
      const error = asMigrationError(thrown);
      if (error.code !== 'process.failed') throw error;
      if (/No space left/.test(error.message)) throw asStorageFault(error);
      throw new MigrationError('request.invalid', `It is no .tar.gz that can be unpacked: ${error.message}`, {
        cause: error,
      });
    }
  }

  private async note(plugin: string, file: string): Promise<Note | undefined> {
    try {
      return JSON.parse(await readFile(join(this.at(plugin, file), NOTE), 'utf8')) as Note;
    } catch {
      return undefined;
    }
  }

  private filesOf(plugin: string): readonly PluginFile[] {
    return this.registry.list().find(({ id }) => id === plugin)?.files ?? [];
  }

  private mustBeWanted(plugin: string, file: string): void {
    if (this.filesOf(plugin).some(({ id }) => id === file)) return;
    throw new MigrationError('request.not-found', 'No plugin here wants such a file.', {
      context: { plugin: plugin.slice(0, 64), file: file.slice(0, 64) },
    });
  }

  private at(plugin: string, file: string): string {
    return join(this.root, plugin, file);
  }
}

/** The one directory of an archive that has just one, as most have. */
async function topOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true });
  const [only] = entries;
  return entries.length === 1 && only?.isDirectory() ? join(directory, only.name) : directory;
}

function asStorageFault(fault: unknown): MigrationError {
  const error = asMigrationError(fault, 'storage.io-failed');
  if (!/ENOSPC|No space left/.test(error.message)) return error;
  return new MigrationError('storage.full', 'There is no room for the archive on the VMA.', { cause: fault });
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

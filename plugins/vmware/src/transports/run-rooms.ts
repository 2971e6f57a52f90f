import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';

/** unix(7): the path of a socket ends at 107 bytes. Every name below the scratch directory is short for that. */
const MAX_SOCKET_PATH_BYTES = 107;
const RUN = 'n';
const ROOM_BYTES = 3;
const LONGEST = `${RUN}/${'x'.repeat(2 * ROOM_BYTES)}/s`;

/** Rooms in use by this process: two sessions may share a scratch directory, and neither tidies the other's away. */
const inUse = new Set<string>();

/** The directory of one running reader: its sockets, its pid file and its secrets, mode 0700. */
export class Room {
  constructor(readonly path: string) {}

  /** Where nbdkit serves NBD. */
  get socket(): string {
    return this.file('s');
  }

  get pidfile(): string {
    return this.file('p');
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file that nobody else can read, in one step: a reader sees the old text or the new one. */
  async write(name: string, text: string): Promise<string> {
    const path = this.file(name);
    const fresh = `${path}.${randomBytes(ROOM_BYTES).toString('hex')}`;
    const file = await open(fresh, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(fresh, path);
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    inUse.delete(this.path);
  }
}

/** Hands out rooms below the scratch directory of a connection. */
export class RunRooms {
  private constructor(private readonly directory: string) {}

  /**
   * Takes away what a crashed appliance left: files only, its processes died with it.
   * Throws `config.invalid` when no socket could lie there.
   */
  static async open(scratchDir: string): Promise<RunRooms> {
    const bytes = Buffer.byteLength(join(scratchDir, LONGEST));
    if (bytes > MAX_SOCKET_PATH_BYTES)
      throw new MigrationError(
        'config.invalid',
        `The path of the connection's directory is ${bytes - MAX_SOCKET_PATH_BYTES} bytes too long for the sockets ` +
          'in it: move the state directory of the appliance to a shorter path.',
      );
    const directory = join(scratchDir, RUN);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      if (!inUse.has(path)) await rm(path, { recursive: true, force: true });
    }
    return new RunRooms(directory);
  }

  async take(): Promise<Room> {
    const path = join(this.directory, randomBytes(ROOM_BYTES).toString('hex'));
    // taken before it is made, so that nobody tidies it away in between
    if (inUse.has(path)) return this.take();
    inUse.add(path);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (cause) {
      inUse.delete(path);
      throw new MigrationError('storage.io-failed', 'No directory can be made for what reads a disk.', {
        cause,
      });
    }
    return new Room(path);
  }
}

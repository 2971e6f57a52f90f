import { copyFile, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import type { Extent, SourceSession, VmDescription } from '@ossea/plugin-sdk';
import type { NbdServers } from '../../../native/nbd/test/nbd-servers.js';

interface Taken {
  readonly ref: string;
  /** How many writes each disk had seen. */
  readonly seen: number;
}

/**
 * A source of one machine whose disks are files: snapshots are copies, served by a real NBD server, and every write
 * is recorded. For tests of what the OMA does with any source.
 */
export class FileSource {
  readonly disks: readonly string[] = ['vda', 'vdb'];
  power: 'running' | 'stopped' = 'running';
  /** Codes that the next calls fail with, by call. */
  readonly faults = new Map<string, (MigrationError | undefined)[]>();
  snapshotsTaken = 0;
  private readonly writes: { disk: string; extent: Extent }[] = [];
  private readonly snapshots = new Map<string, Taken>();

  constructor(
    private readonly directory: string,
    private readonly servers: NbdServers,
    private readonly name = 'machine',
  ) {}

  file(disk: string): string {
    return join(this.directory, `${disk}.src`);
  }

  write(disk: string, offset: number, bytes: Buffer): void {
    const file = openSync(this.file(disk), 'r+');
    writeSync(file, bytes, 0, bytes.length, offset);
    closeSync(file);
    this.writes.push({ disk, extent: { offset, length: bytes.length } });
  }

  /** The keys of snapshots that exist. */
  open(): string[] {
    return [...this.snapshots.keys()];
  }

  frozen(key: string, disk: string): Promise<Buffer> {
    return readFile(this.snapshotFile(key, disk));
  }

  session(): SourceSession {
    const fail = (call: string): void => {
      const error = this.faults.get(call)?.shift();
      if (error) throw error;
    };
    const byRef = (ref: string): [string, Taken] => {
      const found = [...this.snapshots].find(([, taken]) => taken.ref === ref);
      if (!found) throw new MigrationError('resource.not-found', 'There is no such snapshot.');
      return found;
    };
    return {
      inventory: {
        async *list() {},
        describe: async () => {
          fail('describe');
          return this.describe();
        },
      },
      snapshots: {
        create: async (_spec, { key }) => {
          fail('create');
          const known = this.snapshots.get(key);
          if (known) return known.ref;
          await mkdir(join(this.directory, key), { recursive: true });
          for (const disk of this.disks) await copyFile(this.file(disk), this.snapshotFile(key, disk));
          this.snapshotsTaken += 1;
          const ref = `snapshot-${this.snapshotsTaken}`;
          this.snapshots.set(key, { ref, seen: this.writes.length });
          return ref;
        },
        find: async (key) => {
          const known = this.snapshots.get(key);
          return known && { ref: known.ref, complete: true };
        },
        remove: async (ref) => {
          fail('remove');
          const [key] = [...this.snapshots].find(([, taken]) => taken.ref === ref) ?? [];
          if (key === undefined) return;
          await rm(join(this.directory, key), { recursive: true, force: true });
          this.snapshots.delete(key);
        },
      },
      disks: {
        open: async (disk, snapshot) => {
          fail('open');
          const [key] = byRef(snapshot);
          const path = this.snapshotFile(key, disk);
          const server = await this.servers.nbdkit([
            '--filter=rate',
            'file',
            path,
            `rate=${this.bitsPerSecond}`,
          ]);
          const { size } = await stat(path);
          return {
            value: { transport: 'nbd-unix', path: server.path, exportName: '', sizeBytes: size },
            [Symbol.asyncDispose]: () => server.kill('SIGKILL'),
          };
        },
      },
      can: {
        changedBlocks: {
          enable: () => Promise.resolve(),
          disable: () => Promise.resolve(),
          token: async (_disk, snapshot) => String(byRef(snapshot)[1].seen),
          changes: (disk, { since, until }) => this.changes(disk, Number(since), byRef(until)[1].seen, fail),
        },
        power: {
          state: () => Promise.resolve(this.power),
          stop: async () => {
            this.power = 'stopped';
          },
          start: async () => {
            this.power = 'running';
          },
        },
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** Slows the source down, so that something can happen in the middle of a copy. */
  bitsPerSecond = '100G';

  private async *changes(
    disk: string,
    since: number,
    until: number,
    fail: (call: string) => void,
  ): AsyncIterable<Extent> {
    fail('changes');
    const extents = this.writes
      .slice(since, until)
      .filter((one) => one.disk === disk)
      .map(({ extent }) => extent)
      .sort((a, b) => a.offset - b.offset);
    let end = 0;
    for (const { offset, length } of extents) {
      const from = Math.max(offset, end);
      if (offset + length <= from) continue;
      end = offset + length;
      yield { offset: from, length: end - from };
    }
  }

  private async describe(): Promise<VmDescription> {
    const disks = [];
    for (const key of this.disks) {
      const { size } = await stat(this.file(key));
      disks.push({ key, backing: key, label: key, sizeBytes: size, boot: key === 'vda' });
    }
    return {
      id: 'vm-1',
      name: this.name,
      power: this.power,
      hostId: 'host-1',
      cpus: 1,
      memoryBytes: 256 << 20,
      firmware: 'bios',
      disks,
      nics: [],
      concerns: [],
    };
  }

  private snapshotFile(key: string, disk: string): string {
    return join(this.directory, key, `${disk}.raw`);
  }

  exists(key: string): boolean {
    return existsSync(join(this.directory, key));
  }
}

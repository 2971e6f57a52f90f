import { MigrationError, throwIfAborted } from '@ossea/errors';
import {
  CONTRACT_VERSION,
  defineSourcePlugin,
  type BlockEndpoint,
  type CallOptions,
  type ChangedBlockTracking,
  type Extent,
  type PowerState,
  type SourcePlugin,
  type SourceSession,
  z,
} from '@ossea/plugin-sdk';
import type { SourceSubject } from '../subjects.js';
import { PIXEL, notFound } from './memory-context.js';
import { MEMORY_CONTEXT } from './memory-context.js';

export const DISK_BYTES = 3 << 20;

interface MemoryDisk {
  readonly bytes: Buffer;
  /** Every write since the machine came into being, in order. */
  readonly writes: Extent[];
}

interface MemorySnapshot {
  readonly ref: string;
  readonly key: string;
  readonly disks: ReadonlyMap<string, { readonly bytes: Buffer; readonly seen: number }>;
}

/** A hypervisor with one machine of two disks. */
export class MemoryHost {
  power: PowerState = 'running';
  /** Counts how often tracking was switched on; 0 when it is off. */
  epoch = 0;
  epochs = 0;
  readonly vm = 'vm-1';
  readonly disks = new Map<string, MemoryDisk>();
  readonly snapshots = new Map<string, MemorySnapshot>();
  private serial = 0;

  constructor() {
    for (const key of ['disk-a', 'disk-b']) {
      this.disks.set(key, { bytes: Buffer.alloc(DISK_BYTES), writes: [] });
    }
  }

  async write(disk: string, offset: number, bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    const found = this.disks.get(disk);
    if (!found) throw notFound('disk', disk);
    found.bytes.set(bytes, offset);
    found.writes.push({ offset, length: bytes.length });
  }

  snapshot(key: string): MemorySnapshot {
    this.serial += 1;
    const disks = [...this.disks].map(
      ([name, { bytes, writes }]) => [name, { bytes: Buffer.from(bytes), seen: writes.length }] as const,
    );
    const made = { ref: `snapshot-${this.serial}`, key, disks: new Map(disks) };
    this.snapshots.set(made.ref, made);
    return made;
  }

  byKey(key: string): MemorySnapshot | undefined {
    return [...this.snapshots.values()].find((snapshot) => snapshot.key === key);
  }

  of(snapshot: string): MemorySnapshot {
    const found = this.snapshots.get(snapshot);
    if (!found) throw notFound('snapshot', snapshot);
    return found;
  }
}

const settings = z.strictObject({ host: z.string() });
export type MemorySettings = z.infer<typeof settings>;

/** A source that keeps to every clause; the kit is tried on it and on what breaks it. */
export function memorySource(host: MemoryHost): SourcePlugin<MemorySettings> {
  return defineSourcePlugin({
    manifest: {
      id: 'memory-source',
      kind: 'source',
      displayName: 'Memory',
      contract: CONTRACT_VERSION,
      capabilities: ['changedBlocks', 'power', 'consoleScreenshot', 'privileges'],
    },
    settings,
    async connect(_settings, _context, { signal }) {
      throwIfAborted(signal);
      return session(host);
    },
  });
}

/** What the kit needs to try a source that stands on this host. */
export function memorySourceSubject(
  host: MemoryHost,
  plugin: SourcePlugin<MemorySettings> = memorySource(host),
): SourceSubject<MemorySettings> {
  return {
    plugin,
    settings: { host: 'here' },
    context: MEMORY_CONTEXT,
    sample: {
      vm: host.vm,
      disk: 'disk-a',
      write: (offset, bytes) => host.write('disk-a', offset, bytes),
      secondDisk: {
        disk: 'disk-b',
        write: (offset, bytes) => host.write('disk-b', offset, bytes),
      },
    },
    async read(endpoint, offset, length) {
      const [snapshot = '', disk = ''] = endpoint.exportName.split('/');
      const bytes = host.snapshots.get(snapshot)?.disks.get(disk)?.bytes;
      if (!bytes) throw notFound('export', endpoint.exportName);
      return bytes.subarray(offset, offset + length);
    },
    powerTimeoutMs: 1_000,
  };
}

function session(host: MemoryHost): SourceSession {
  const known = (vm: string, { signal }: CallOptions): void => {
    throwIfAborted(signal);
    if (vm !== host.vm) throw notFound('machine', vm);
  };
  const summary = () => ({ id: host.vm, name: 'Machine', power: host.power });
  return {
    inventory: {
      async *list({ signal }) {
        throwIfAborted(signal);
        yield summary();
      },
      async describe(vm, options) {
        known(vm, options);
        return {
          ...summary(),
          hostId: 'memory',
          cpus: 1,
          memoryBytes: 1 << 30,
          firmware: 'bios',
          disks: [...host.disks.keys()].map((key, i) => ({
            key,
            backing: `memory:${key}`,
            label: `Disk ${i}`,
            sizeBytes: DISK_BYTES,
            boot: i === 0,
          })),
          nics: [],
          concerns: [
            { code: 'disk.in-memory', severity: 'warning', message: 'It forgets.', remedy: 'Do not stop.' },
          ],
        };
      },
    },
    snapshots: {
      async create({ vm }, { key, signal }) {
        known(vm, { signal });
        return (host.byKey(key) ?? host.snapshot(key)).ref;
      },
      async find(key, { signal }) {
        throwIfAborted(signal);
        const found = host.byKey(key);
        return found && { ref: found.ref, complete: true };
      },
      async remove(ref, { signal }) {
        throwIfAborted(signal);
        host.snapshots.delete(ref);
      },
    },
    disks: {
      async open(disk, snapshot, { signal }) {
        throwIfAborted(signal);
        if (!host.of(snapshot).disks.has(disk)) throw notFound('disk', disk);
        const value: BlockEndpoint = {
          transport: 'nbd-unix',
          path: '/nonexistent',
          exportName: `${snapshot}/${disk}`,
          sizeBytes: DISK_BYTES,
        };
        return { value, [Symbol.asyncDispose]: () => Promise.resolve() };
      },
    },
    can: {
      changedBlocks: tracking(host, known),
      power: {
        async state(vm, options) {
          known(vm, options);
          return host.power;
        },
        async stop(vm, options) {
          known(vm, options);
          host.power = 'stopped';
        },
        async start(vm, options) {
          known(vm, options);
          host.power = 'running';
        },
      },
      consoleScreenshot: {
        async screenshot(vm, options) {
          known(vm, options);
          return PIXEL;
        },
      },
      privileges: {
        async list({ signal }) {
          throwIfAborted(signal);
          return [{ id: 'Machine.Snapshot', neededFor: 'taking snapshots', required: true, granted: true }];
        },
      },
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const TOKEN = /^(disk-[ab])@(\d+)#(\d+)$/;

function tracking(host: MemoryHost, known: (vm: string, options: CallOptions) => void): ChangedBlockTracking {
  return {
    async enable(vm, options) {
      known(vm, options);
      if (host.epoch > 0) return;
      host.epochs += 1;
      host.epoch = host.epochs;
    },
    async disable(vm, options) {
      known(vm, options);
      host.epoch = 0;
    },
    async token(disk, snapshot, { signal }) {
      throwIfAborted(signal);
      const found = host.of(snapshot).disks.get(disk);
      if (!found) throw notFound('disk', disk);
      return `${disk}@${host.epoch}#${found.seen}`;
    },
    async *changes(disk, { since, until }, { signal }) {
      throwIfAborted(signal);
      const [, of, epoch, from] = TOKEN.exec(since) ?? [];
      if (of !== disk || Number(epoch) !== host.epoch || host.epoch === 0) {
        throw new MigrationError('tracking.reset', 'This token does not fit the disk and its tracking.');
      }
      const to = host.of(until).disks.get(disk)?.seen;
      const writes = host.disks.get(disk)?.writes.slice(Number(from), to) ?? [];
      let end = 0;
      for (const { offset, length } of writes.toSorted((a, b) => a.offset - b.offset)) {
        const start = Math.max(offset, end);
        end = Math.max(end, offset + length);
        if (end > start) yield { offset: start, length: end - start };
      }
    },
  };
}

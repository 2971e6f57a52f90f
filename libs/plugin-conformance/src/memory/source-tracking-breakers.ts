import { MigrationError } from '@ossea/errors';
import type { ChangedBlockTracking, Extent, PowerControl, SourceSession } from '@ossea/plugin-sdk';
import { DISK_BYTES, type MemoryHost } from './memory-source.js';

interface SessionBreaker {
  readonly clause: string;
  readonly how: string;
  change(session: SourceSession, host: MemoryHost): Partial<SourceSession>;
}

type Changes = ChangedBlockTracking['changes'];

function tracking(
  clause: string,
  how: string,
  change: (
    real: ChangedBlockTracking,
    host: MemoryHost,
    session: SourceSession,
  ) => Partial<ChangedBlockTracking>,
): SessionBreaker {
  return {
    clause: `changed blocks: ${clause}`,
    how,
    change(session, host) {
      const { changedBlocks } = session.can;
      if (!changedBlocks) return {};
      return {
        can: { ...session.can, changedBlocks: { ...changedBlocks, ...change(changedBlocks, host, session) } },
      };
    },
  };
}

function power(
  clause: string,
  how: string,
  change: (real: PowerControl, host: MemoryHost) => Partial<PowerControl>,
): SessionBreaker {
  return {
    clause: `power: ${clause}`,
    how,
    change: ({ can }, host) =>
      can.power ? { can: { ...can, power: { ...can.power, ...change(can.power, host) } } } : {},
  };
}

async function all(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const found: Extent[] = [];
  for await (const extent of extents) found.push(extent);
  return found;
}

const reset = (): MigrationError => new MigrationError('tracking.reset', 'Not this token.');
/** What a breaker remembers about a host, over its sessions. */
const memories = new WeakMap<MemoryHost, string[]>();
function memory(host: MemoryHost): string[] {
  const known = memories.get(host) ?? [];
  memories.set(host, known);
  return known;
}

/** One change of a session for each clause about tracking and power that breaks it. */
export const SOURCE_TRACKING_BREAKERS: readonly SessionBreaker[] = [
  tracking(
    'they cover every write, in order, without overlap, within the disk',
    'in the order of writing',
    (_real, host) => ({
      async *changes(disk) {
        yield* (host.disks.get(disk)?.writes ?? []).toReversed();
      },
    }),
  ),
  tracking('the last bytes of the disk are tracked too', 'the last page is forgotten', (real) => ({
    async *changes(disk, range, o) {
      for await (const { offset, length } of real.changes(disk, range, o)) {
        const end = Math.min(offset + length, DISK_BYTES - 4096);
        if (end > offset) yield { offset, length: end - offset };
      }
    },
  })),
  tracking(
    'a token is text, and survives the removal of its snapshot and the end of its session',
    'a token dies with its session',
    (real) => {
      const mine = new Set<string>();
      const changes: Changes = async function* (disk, range, o) {
        if (!mine.has(range.since)) throw reset();
        yield* real.changes(disk, range, o);
      };
      return {
        changes,
        async token(disk, snapshot, o) {
          const token = await real.token(disk, snapshot, o);
          mine.add(token);
          return token;
        },
      };
    },
  ),
  tracking('a cycle that failed loses nothing', 'each token forgets the one before', (real, host) => ({
    async token(disk, snapshot, o) {
      const token = await real.token(disk, snapshot, o);
      memory(host).push(token);
      return token;
    },
    changes(disk, range, o) {
      // the bitmap of the newest token is the only one left, whatever was asked for
      const since = memory(host).at(-1) ?? range.since;
      return real.changes(disk, { ...range, since }, o);
    },
  })),
  tracking('asking again answers again', 'asking clears the bitmap', (real) => {
    const asked = new Set<string>();
    return {
      async *changes(disk, range, o) {
        const found = await all(real.changes(disk, range, o));
        const key = JSON.stringify(range);
        if (!asked.has(key)) yield* found;
        asked.add(key);
      },
    };
  }),
  tracking(
    'cycle after cycle, each finds what was written since the last',
    'the first token only',
    (real, host) => ({
      async token(disk, snapshot, o) {
        const token = await real.token(disk, snapshot, o);
        memory(host).push(token);
        return token;
      },
      async *changes(disk, range, o) {
        const [first] = memory(host);
        if (first !== undefined && range.since !== first) throw reset();
        yield* real.changes(disk, range, o);
      },
    }),
  ),
  {
    clause: 'changed blocks: a write while the snapshot is open belongs to the next cycle',
    how: 'removing a snapshot forgets the writes beside it',
    change: ({ snapshots }, host) => ({
      snapshots: {
        ...snapshots,
        async remove(ref, o) {
          for (const [name, { seen }] of host.snapshots.get(ref)?.disks ?? []) {
            const writes = host.disks.get(name)?.writes ?? [];
            writes.fill({ offset: 0, length: 1 }, seen);
          }
          await snapshots.remove(ref, o);
        },
      },
    }),
  },
  tracking('enabling what is enabled keeps the tokens good', 'enable starts anew', (real) => ({
    async enable(vm, o) {
      await real.disable(vm, o);
      await real.enable(vm, o);
    },
  })),
  tracking('a token that was never issued is tracking.reset', 'garbage means nothing changed', (real) => ({
    async *changes(disk, range, o) {
      if (/^disk-[ab]@\d+#\d+$/.test(range.since)) yield* real.changes(disk, range, o);
      else yield* [];
    },
  })),
  tracking('a token of another disk is tracking.reset', 'tokens of all disks are one', (real) => ({
    changes: (disk, { since, until }, o) =>
      real.changes(disk, { since: since.replace(/^disk-./, disk), until }, o),
  })),
  tracking('a token from before tracking was switched off is tracking.reset', 'disable is forgotten', () => ({
    disable: async () => undefined,
  })),
  power(
    'a forced stop is confirmed, a start runs, and both may be repeated',
    'stop does not wait',
    (real, host) => ({
      async stop(vm, o) {
        const before = host.power;
        await real.stop(vm, o);
        host.power = before;
        setTimeout(() => (host.power = 'stopped'), 5);
      },
    }),
  ),
  power(
    'asking politely ends with a stopped machine or with machine.not-stopped',
    'it is not even asked',
    (real) => ({
      stop: async (vm, o) => (o.force ? real.stop(vm, o) : undefined),
    }),
  ),
  {
    clause: 'power: what the inventory says of the power is true',
    how: 'the inventory is out of date',
    change: ({ inventory }) => ({
      inventory: {
        ...inventory,
        describe: async (vm, o) => ({ ...(await inventory.describe(vm, o)), power: 'running' }),
      },
    }),
  },
  power('an unknown machine is resource.not-found', 'what is unknown is stopped', (real, host) => ({
    state: async (vm, o) => (vm === host.vm || o.signal.aborted ? real.state(vm, o) : 'stopped'),
  })),
  {
    clause: 'console: a screenshot is a picture',
    how: 'a page of HTML',
    change: ({ can }) => ({
      can: {
        ...can,
        consoleScreenshot: {
          screenshot: async () => ({ mediaType: 'image/png', base64: btoa('<html></html>') }),
        },
      },
    }),
  },
];

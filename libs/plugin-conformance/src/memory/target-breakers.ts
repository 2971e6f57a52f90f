import { MigrationError } from '@ossea/errors';
import type { TargetPlugin, TargetSession } from '@ossea/plugin-sdk';
import { provisionBreakers } from './breakers.js';
import type { MemorySettings } from './memory-source.js';
import type { MemoryCloud, MemoryPlacement } from './memory-target.js';
import {
  TARGET_SESSION_BREAKERS,
  can,
  onSession,
  session,
  type TargetBreaker,
} from './target-session-breakers.js';

type Plugin = TargetPlugin<MemorySettings, MemoryPlacement>;
type Session = TargetSession<MemoryPlacement>;

/** Opens volumes in another way. */
function opening(
  clause: string,
  how: string,
  open: (real: Session['volumes'], cloud: MemoryCloud) => Session['volumes']['open'],
): TargetBreaker {
  return session(clause, how, ({ volumes }, cloud) => ({
    volumes: { ...volumes, open: open(volumes, cloud) },
  }));
}

function machines(
  clause: string,
  how: string,
  change: (real: Session['machines'], cloud: MemoryCloud) => Partial<Session['machines']>,
): TargetBreaker {
  return session(clause, how, (real, cloud) => ({
    machines: { ...real.machines, ...change(real.machines, cloud) },
  }));
}

/** One plugin for each clause of the target contract that breaks it. */
export const TARGET_BREAKERS: readonly TargetBreaker[] = [
  ...TARGET_SESSION_BREAKERS,
  ...provisionBreakers<Plugin, MemoryCloud, Session>('volumes', true, onSession, (real, mutate) => ({
    ...real,
    volumes: mutate(real.volumes),
  })),
  opening(
    'a volume opens at the size that was asked for, as a device whose format is told',
    'the format is left to be guessed',
    (volumes) => async (ref, o) => {
      const lease = await volumes.open(ref, o);
      return { ...lease, value: { ...lease.value, format: '' as 'raw' } };
    },
  ),
  session(
    'a size that is no multiple of a megabyte is kept in full',
    'it is rounded down',
    ({ volumes }) => ({
      volumes: {
        ...volumes,
        create: (spec, o) => volumes.create({ ...spec, sizeBytes: (spec.sizeBytes >> 20) << 20 }, o),
      },
    }),
  ),
  session('a new volume reads as zeroes', 'old blocks are handed out again', ({ volumes }, cloud) => ({
    volumes: {
      ...volumes,
      async create(spec, o) {
        const ref = await volumes.create(spec, o);
        cloud.volume(ref).bytes.fill(0xa5, cloud.volume(ref).bytes.length >> 1);
        return ref;
      },
    },
  })),
  opening(
    'what is written survives closing and a later session',
    'closing throws it away',
    (volumes, cloud) => async (ref, o) => {
      const lease = await volumes.open(ref, o);
      const volume = cloud.volume(ref);
      const before = Buffer.from(volume.bytes);
      return {
        ...lease,
        async [Symbol.asyncDispose]() {
          volume.bytes = before;
          await lease[Symbol.asyncDispose]();
        },
      };
    },
  ),
  session('volumes do not share bytes', 'all volumes lie on one file', ({ volumes }, cloud) => ({
    volumes: {
      ...volumes,
      async create(spec, o) {
        const ref = await volumes.create(spec, o);
        const [first] = cloud.volumes.values();
        if (first) cloud.volume(ref).bytes = first.bytes;
        return ref;
      },
    },
  })),
  opening('giving a volume back twice is harmless', 'the second time fails', (volumes) => async (ref, o) => {
    const lease = await volumes.open(ref, o);
    let given = false;
    return {
      ...lease,
      async [Symbol.asyncDispose]() {
        if (given) throw new MigrationError('resource.not-found', 'It is not attached.');
        given = true;
        await lease[Symbol.asyncDispose]();
      },
    };
  }),
  ...provisionBreakers<Plugin, MemoryCloud, Session>('machines', false, onSession, (real, mutate) => ({
    ...real,
    machines: mutate(real.machines),
  })),
  machines('a new machine is stopped', 'create starts it', (real, cloud) => ({
    async create(spec, o) {
      const ref = await real.create(spec, o);
      cloud.machine(ref, o).power = 'running';
      return ref;
    },
  })),
  machines(
    'a started machine runs, a stopped one is confirmed off, both may be repeated',
    'stopping what is stopped fails',
    (real, cloud) => ({
      async stop(ref, o) {
        const stopped = cloud.machine(ref, o).power === 'stopped';
        if (stopped) throw new MigrationError('resource.conflict', 'It is stopped.');
        await real.stop(ref, o);
      },
    }),
  ),
  machines(
    'a later session sees the machine run and can stop it',
    'each session has its own view',
    (real) => {
      const started = new Set<string>();
      return {
        async start(ref, o) {
          await real.start(ref, o);
          started.add(ref);
        },
        state: async (ref, o) => (started.has(ref) ? real.state(ref, o) : 'stopped'),
      };
    },
  ),
  opening(
    'the volume of a running machine opens nowhere else: volume.in-use',
    'it opens twice',
    (volumes, cloud) => async (ref, o) => {
      const running = [...cloud.machines.values()].filter(({ power }) => power === 'running');
      for (const machine of running) machine.power = 'stopped';
      try {
        return await volumes.open(ref, o);
      } finally {
        for (const machine of running) machine.power = 'running';
      }
    },
  ),
  machines('removing a machine keeps its volumes', 'they go with it', (real, cloud) => ({
    async remove(ref, o) {
      const machine = cloud.machines.get(ref);
      await real.remove(ref, o);
      for (const { volume } of machine?.spec.disks ?? []) cloud.volumes.delete(volume);
    },
  })),
  session(
    'console: a screenshot is a picture and the serial log is no longer than asked',
    'the whole log, always',
    (real) => {
      const { consoleScreenshot } = real.can;
      if (!consoleScreenshot) return {};
      return can(real, {
        consoleScreenshot: { ...consoleScreenshot, serialLog: async () => 'boot '.repeat(50) },
      });
    },
  ),
  session('console: the address is one of the web', 'it is a name', (real) =>
    can(real, { consoleUrl: { url: async () => 'console of the machine' } }),
  ),
  ...provisionBreakers<Plugin, MemoryCloud, Session>(
    'isolated networks',
    true,
    onSession,
    (real, mutate) => ({
      ...real,
      can: {
        ...real.can,
        ...(real.can.isolatedNetworks ? { isolatedNetworks: mutate(real.can.isolatedNetworks) } : {}),
      },
    }),
  ),
  session(
    'isolated networks: one that was made is listed as isolated, one that was removed is not',
    'it has a way out',
    ({ networks }) => ({
      networks: {
        list: async (o) => (await networks.list(o)).map((network) => ({ ...network, isolated: false })),
      },
    }),
  ),
];

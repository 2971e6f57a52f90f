import { MigrationError } from '@ossea/errors';
import {
  z,
  type TargetPlugin,
  type TargetSession,
  type VolumeSnapshotControl,
  type VolumeSnapshots,
} from '@ossea/plugin-sdk';
import { provisionBreakers, type Breaker } from './breakers.js';
import type { MemorySettings } from './memory-source.js';
import type { MemoryCloud, MemoryPlacement } from './memory-target.js';

type Plugin = TargetPlugin<MemorySettings, MemoryPlacement>;
type Session = TargetSession<MemoryPlacement>;
export type TargetBreaker = Breaker<Plugin, MemoryCloud>;
const calm = (): AbortSignal => new AbortController().signal;

function onSession(
  plugin: Plugin,
  change: (session: Session, cloud: MemoryCloud) => Session,
  cloud: MemoryCloud,
): Plugin {
  return { ...plugin, connect: async (...given) => change(await plugin.connect(...given), cloud) };
}

function session(
  clause: string,
  how: string,
  change: (session: Session, cloud: MemoryCloud) => Partial<Session>,
): TargetBreaker {
  return {
    clause,
    how,
    apply: (plugin, cloud) =>
      onSession(plugin, (real, world) => ({ ...real, ...change(real, world) }), cloud),
  };
}

const plugin = (clause: string, how: string, change: (plugin: Plugin) => Partial<Plugin>): TargetBreaker => ({
  clause,
  how,
  apply: (real) => ({ ...real, ...change(real) }),
});

const can = (real: Session, more: Partial<Session['can']>): Partial<Session> => ({
  can: { ...real.can, ...more },
});

/** Changes the snapshots of one mode. */
function changedMode(
  real: Session,
  mode: 'whileAttached' | 'whileDetached',
  change: (control: VolumeSnapshotControl) => VolumeSnapshotControl,
): Session {
  const { volumeSnapshots } = real.can;
  const control = volumeSnapshots?.[mode];
  if (!volumeSnapshots || !control) return real;
  const changed: VolumeSnapshots = { ...volumeSnapshots, [mode]: change(control) };
  return { ...real, can: { ...real.can, volumeSnapshots: changed } };
}

function snapshotBreakers(mode: 'whileAttached' | 'whileDetached'): TargetBreaker[] {
  const breaker = (
    clause: string,
    how: string,
    change: (control: VolumeSnapshotControl, cloud: MemoryCloud) => Partial<VolumeSnapshotControl>,
  ): TargetBreaker => ({
    clause: `volume snapshots ${mode}: ${clause}`,
    how,
    apply: (real, cloud) =>
      onSession(
        real,
        (given) => changedMode(given, mode, (control) => ({ ...control, ...change(control, cloud) })),
        cloud,
      ),
  });
  /** Makes a volume from a snapshot and then spoils it. */
  const spoiling =
    (spoil: (copy: string, snapshot: string, cloud: MemoryCloud) => void) =>
    (control: VolumeSnapshotControl, cloud: MemoryCloud): Partial<VolumeSnapshotControl> => ({
      volumeFromSnapshot: {
        ...control.volumeFromSnapshot,
        async create(spec, o) {
          const copy = await control.volumeFromSnapshot.create(spec, o);
          spoil(copy, spec.snapshot, cloud);
          return copy;
        },
      },
    });
  return [
    ...provisionBreakers<Plugin, MemoryCloud, Session>(
      `volume snapshots ${mode}`,
      false,
      onSession,
      (real, mutate) => changedMode(real, mode, (control) => mutate(control)),
    ),
    ...provisionBreakers<Plugin, MemoryCloud, Session>(
      `volumes from snapshots ${mode}`,
      true,
      onSession,
      (real, mutate) =>
        changedMode(real, mode, (control) => ({
          ...control,
          volumeFromSnapshot: mutate(control.volumeFromSnapshot),
        })),
    ),
    breaker('revert puts the bytes back', 'revert does nothing', () => ({ revert: async () => undefined })),
    breaker('a snapshot can be reverted to twice', 'revert uses the snapshot up', (control, cloud) => ({
      async revert(ref, o) {
        await control.revert(ref, o);
        cloud.snapshots.delete(ref);
      },
    })),
    breaker(
      'an open volume is not reverted: volume.in-use',
      'it is reverted all the same',
      (control, cloud) => ({
        async revert(ref, o) {
          for (const volume of cloud.volumes.values()) volume.open = 0;
          await control.revert(ref, o);
        },
      }),
    ),
    breaker('removing a snapshot keeps the volume as it is', 'removing reverts', (control, cloud) => ({
      async remove(ref, o) {
        const snapshot = cloud.snapshots.get(ref);
        const volume = snapshot && cloud.volumes.get(snapshot.volume);
        if (volume) volume.bytes = Buffer.from(snapshot.bytes);
        await control.remove(ref, o);
      },
    })),
    breaker(
      'a volume made from a snapshot holds the snapshot',
      'it holds the volume of today',
      spoiling((copy, snapshot, cloud) => {
        const now = cloud.volume(cloud.snapshots.get(snapshot)?.volume ?? '').bytes;
        cloud.volume(copy).bytes = Buffer.from(now);
      }),
    ),
    breaker(
      'a volume made from a snapshot is one of its own',
      'it shares the bytes of the volume',
      spoiling((copy, snapshot, cloud) => {
        cloud.volume(copy).bytes = cloud.volume(cloud.snapshots.get(snapshot)?.volume ?? '').bytes;
      }),
    ),
    breaker('removing a snapshot keeps the volumes made from it', 'they go with it', (control, cloud) => {
      const made = new Map<string, string>();
      return {
        ...spoiling((copy, snapshot) => void made.set(snapshot, copy))(control, cloud),
        async remove(ref, o) {
          await control.remove(ref, o);
          cloud.volumes.delete(made.get(ref) ?? '');
        },
      };
    }),
  ];
}

/** One plugin for each clause about the session, the catalog and the volume snapshots that breaks it. */
export const TARGET_SESSION_BREAKERS: readonly TargetBreaker[] = [
  plugin(
    'the manifest is JSON, names a target and is written for this contract',
    'another contract',
    (real) => ({
      manifest: { ...real.manifest, contract: 2 },
    }),
  ),
  plugin('the settings accept the sample, reject nonsense and draw a form', 'anything is accepted', () => ({
    settings: z.looseObject({ host: z.string().default('here') }),
  })),
  plugin(
    'the placement schema accepts the sample, rejects nonsense and draws a form',
    'the sample is refused',
    () => ({ placement: memoryPlacementOfAnotherKind() }),
  ),
  plugin('a guided set-up draws its forms and rejects nonsense', 'anything is a credential', (real) => ({
    ...(real.setUp ? { setUp: { ...real.setUp, credentials: z.unknown() } } : {}),
  })),
  plugin('an aborted connect rejects with call.aborted', 'connect is deaf', (real) => ({
    connect: (settings, context) => real.connect(settings, context, { signal: calm() }),
  })),
  plugin('a session offers no capability that the manifest hides', 'it hides the networks', (real) => ({
    manifest: {
      ...real.manifest,
      capabilities: ['volumeSnapshots', 'zeroedVolumes', 'consoleScreenshot', 'consoleUrl'],
    },
  })),
  session('the session grants what this subject must grant', 'the networks are missing', (real) => ({
    can: Object.fromEntries(Object.entries(real.can).filter(([name]) => name !== 'isolatedNetworks')),
  })),
  session('disposing a session twice is harmless', 'the second disposal throws', () => {
    let disposed = false;
    return {
      async [Symbol.asyncDispose]() {
        if (disposed) throw new MigrationError('internal.unexpected', 'Disposed twice.');
        disposed = true;
      },
    };
  }),
  session(
    'the catalog and its choices are JSON, each with a value and a label',
    'no labels',
    ({ catalog }) => ({
      catalog: { ...catalog, choices: async () => [{ value: 'fast', label: '' }] },
    }),
  ),
  session('the sample placement has no blocker', 'everything is a blocker', ({ catalog }) => ({
    catalog: { ...catalog, validate: (_placement, o) => catalog.validate({ pool: 'slow' }, o) },
  })),
  session(
    'an impossible placement has a blocker, with a message and a remedy',
    'nothing is',
    ({ catalog }) => ({
      catalog: { ...catalog, validate: async (_placement, o) => catalog.validate({ pool: 'fast' }, o) },
    }),
  ),
  session('limits are whole numbers above zero', 'no limit', ({ limits }) => ({
    limits: async (o) => ({ ...(await limits(o)), attachedVolumes: Infinity }),
  })),
  session('networks are JSON and named once', 'a network twice', ({ networks }) => ({
    networks: { list: async (o) => [...(await networks.list(o)), ...(await networks.list(o))] },
  })),
  session('every aborted call rejects with call.aborted', 'limits is deaf', ({ limits }) => ({
    limits: () => limits({ signal: calm() }),
  })),
  session(
    'nonsense makes only MigrationErrors come out',
    'stop throws a TypeError',
    ({ machines }, cloud) => ({
      machines: {
        ...machines,
        async stop(ref, o) {
          if (!o.signal.aborted && !cloud.machines.has(ref)) throw new TypeError('machine is undefined');
          await machines.stop(ref, o);
        },
      },
    }),
  ),
  session(
    'an unknown volume or machine is resource.not-found',
    'what is unknown is stopped',
    ({ machines }) => ({
      machines: { ...machines, state: async () => 'stopped' },
    }),
  ),
  session(
    'volume snapshots: at least one way to take them is offered, and what it costs is told',
    'neither way is offered',
    (real) => can(real, { volumeSnapshots: { cost: 'instant' } }),
  ),
  ...snapshotBreakers('whileAttached'),
  ...snapshotBreakers('whileDetached'),
];

function memoryPlacementOfAnotherKind(): Plugin['placement'] {
  return z.strictObject({ pool: z.enum(['slow']) }) as unknown as Plugin['placement'];
}

export { onSession, session, can };

import { MigrationError } from '@ossea/errors';
import { z, type SourcePlugin, type SourceSession } from '@ossea/plugin-sdk';
import { provisionBreakers, type Breaker } from './breakers.js';
import { SOURCE_TRACKING_BREAKERS } from './source-tracking-breakers.js';
import type { MemoryHost, MemorySettings } from './memory-source.js';

type Plugin = SourcePlugin<MemorySettings>;
export type SourceBreaker = Breaker<Plugin, MemoryHost>;
const calm = (): AbortSignal => new AbortController().signal;

/** Changes every session of a plugin. */
export function onSession(
  plugin: Plugin,
  change: (session: SourceSession, host: MemoryHost) => SourceSession,
  host: MemoryHost,
): Plugin {
  return { ...plugin, connect: async (...given) => change(await plugin.connect(...given), host) };
}

export function session(
  clause: string,
  how: string,
  change: (session: SourceSession, host: MemoryHost) => Partial<SourceSession>,
): SourceBreaker {
  return {
    clause,
    how,
    apply: (plugin, host) => onSession(plugin, (real, world) => ({ ...real, ...change(real, world) }), host),
  };
}

const plugin = (clause: string, how: string, change: (plugin: Plugin) => Partial<Plugin>): SourceBreaker => ({
  clause,
  how,
  apply: (real) => ({ ...real, ...change(real) }),
});

/** One plugin for each clause of the source contract that breaks it. */
export const SOURCE_BREAKERS: readonly SourceBreaker[] = [
  plugin(
    'the manifest is JSON, names a source and is written for this contract',
    'an id with capitals',
    (real) => ({
      manifest: { ...real.manifest, id: 'Memory_Source' },
    }),
  ),
  plugin('the settings accept the sample, reject nonsense and draw a form', 'anything is accepted', () => ({
    settings: z.looseObject({ host: z.string().default('here') }),
  })),
  plugin('an aborted connect rejects with call.aborted', 'connect is deaf', (real) => ({
    connect: (settings, context) => real.connect(settings, context, { signal: calm() }),
  })),
  plugin(
    'a session offers no capability that the manifest hides',
    'the manifest hides the power',
    (real) => ({
      manifest: { ...real.manifest, capabilities: ['changedBlocks', 'consoleScreenshot', 'privileges'] },
    }),
  ),
  session(
    'the session grants what this subject must grant',
    'the power is claimed and missing',
    ({ can }) => ({
      can: Object.fromEntries(Object.entries(can).filter(([name]) => name !== 'power')),
    }),
  ),
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
    'the list streams and includes the sample machine once',
    'machines are listed twice',
    ({ inventory }) => ({
      inventory: {
        ...inventory,
        async *list(o) {
          yield* inventory.list(o);
          yield* inventory.list(o);
        },
      },
    }),
  ),
  session('an unknown machine is resource.not-found', 'any id is some machine', ({ inventory }, { vm }) => ({
    inventory: { ...inventory, describe: (_vm, o) => inventory.describe(vm, o) },
  })),
  session('every described value is JSON', 'an explicit undefined', ({ inventory }) => ({
    inventory: {
      ...inventory,
      describe: async (vm, o) => Object.assign(await inventory.describe(vm, o), { guestOs: undefined }),
    },
  })),
  session(
    'a description names each disk once, with a size in whole sectors',
    'a disk twice',
    ({ inventory }) => ({
      inventory: {
        ...inventory,
        async describe(vm, o) {
          const described = await inventory.describe(vm, o);
          return { ...described, disks: [...described.disks, ...described.disks] };
        },
      },
    }),
  ),
  session(
    'a disk keeps its identity: described twice, beside a snapshot and in a later session',
    'the backing is the newest snapshot file',
    ({ inventory }, host) => ({
      inventory: {
        ...inventory,
        async describe(vm, o) {
          const described = await inventory.describe(vm, o);
          const disks = described.disks.map((disk) => ({ ...disk, backing: `000${host.snapshots.size}` }));
          return { ...described, disks };
        },
      },
    }),
  ),
  session('every aborted call rejects with call.aborted', 'describe is deaf', ({ inventory }) => ({
    inventory: { ...inventory, describe: (vm) => inventory.describe(vm, { signal: calm() }) },
  })),
  session('nonsense makes only MigrationErrors come out', 'open throws a TypeError', ({ disks }, host) => ({
    disks: {
      async open(disk, snapshot, o) {
        if (!o.signal.aborted && !host.disks.has(disk)) throw new TypeError('disk is undefined');
        return disks.open(disk, snapshot, o);
      },
    },
  })),
  ...provisionBreakers<Plugin, MemoryHost, SourceSession>('snapshots', false, onSession, (real, mutate) => ({
    ...real,
    snapshots: mutate(real.snapshots),
  })),
  session(
    'a snapshot that asks the guest to flush is made, however much the platform can do',
    'quiesce is refused',
    ({ snapshots }) => ({
      snapshots: {
        ...snapshots,
        async create(spec, o) {
          if (spec.quiesce) throw new MigrationError('plugin.unsupported', 'No guest agent.');
          return snapshots.create(spec, o);
        },
      },
    }),
  ),
  session(
    'a described disk opens at its full size, at an endpoint that is JSON',
    'the last sector is missing',
    ({ disks }) => ({
      disks: {
        async open(disk, snapshot, o) {
          const lease = await disks.open(disk, snapshot, o);
          return { ...lease, value: { ...lease.value, sizeBytes: lease.value.sizeBytes - 512 } };
        },
      },
    }),
  ),
  session(
    'an opened disk shows what was written before the snapshot',
    'an old copy is shown',
    ({ disks }, host) => {
      const old = host.snapshot(`old-${host.snapshots.size}`);
      return { disks: showing(disks, () => old.ref) };
    },
  ),
  session(
    'a snapshot is frozen: what is written after it is not visible',
    'open copies too late',
    ({ disks }, host) => ({
      disks: showing(disks, () => host.snapshot(`late-${host.snapshots.size}`).ref),
    }),
  ),
  session(
    'a disk opens again after its lease was given back, and giving it back twice is harmless',
    'the snapshot goes with the lease',
    ({ disks }, host) => ({
      disks: {
        async open(disk, snapshot, o) {
          const lease = await disks.open(disk, snapshot, o);
          return { ...lease, [Symbol.asyncDispose]: async () => void host.snapshots.delete(snapshot) };
        },
      },
    }),
  ),
  session('all disks of a snapshot can be open at once', 'one disk at a time', ({ disks }) => {
    let open = 0;
    return {
      disks: {
        async open(disk, snapshot, o) {
          const lease = await disks.open(disk, snapshot, o);
          if (open > 0) throw new MigrationError('resource.busy', 'Another disk is open.');
          open += 1;
          return { ...lease, [Symbol.asyncDispose]: async () => void (open = 0) };
        },
      },
    };
  }),
  session('one snapshot is one moment over all disks', 'one disk after the other', ({ snapshots }, host) => ({
    snapshots: {
      ...snapshots,
      async create(spec, o) {
        const ref = await snapshots.create(spec, o);
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        const late = host.disks.get('disk-b')?.bytes ?? Buffer.alloc(0);
        host.of(ref).disks.get('disk-b')?.bytes.set(late);
        return ref;
      },
    },
  })),
  session(
    'every concern has a code, says what is the matter and what to do',
    'no remedy',
    ({ inventory }) => ({
      inventory: {
        ...inventory,
        async describe(vm, o) {
          const real = await inventory.describe(vm, o);
          return { ...real, concerns: real.concerns.map((concern) => ({ ...concern, remedy: '' })) };
        },
      },
    }),
  ),
  session(
    'privileges: each is named once, and says what it is needed for',
    'one is missing that the sample needs',
    ({ can }) => ({
      can: {
        ...can,
        privileges: {
          list: async (o) => (await can.privileges!.list(o)).map((one) => ({ ...one, granted: false })),
        },
      },
    }),
  ),
  session('an unknown disk or snapshot is resource.not-found', 'another code', ({ disks }, host) => ({
    disks: {
      async open(disk, snapshot, o) {
        if (!o.signal.aborted && !host.snapshots.has(snapshot)) {
          throw new MigrationError('snapshot.failed', 'No such snapshot.');
        }
        return disks.open(disk, snapshot, o);
      },
    },
  })),
  ...SOURCE_TRACKING_BREAKERS.map(({ clause, how, change }) => session(clause, how, change)),
];

/** Opens another snapshot than the one that was asked for. */
function showing(disks: SourceSession['disks'], other: () => string): SourceSession['disks'] {
  return {
    async open(disk, snapshot, o) {
      const lease = await disks.open(disk, snapshot, o);
      return { ...lease, value: { ...lease.value, exportName: `${other()}/${disk}` } };
    },
  };
}

import { MigrationError, throwIfAborted } from '@ossea/errors';
import {
  CONTRACT_VERSION,
  defineTargetPlugin,
  type CallOptions,
  type Choice,
  type MachineBlueprint,
  type PowerState,
  type Provision,
  type GuidedSetUp,
  type TargetPlugin,
  type TargetSession,
  type VolumeSnapshotControl,
  z,
} from '@ossea/plugin-sdk';
import type { TargetSubject } from '../subjects.js';
import { MEMORY_CONTEXT, PIXEL, notFound } from './memory-context.js';
import type { MemorySettings } from './memory-source.js';

interface Thing {
  readonly ref: string;
  readonly key: string;
}
export interface MemoryVolume extends Thing {
  bytes: Buffer;
  /** How many leases have it open. */
  open: number;
}
export interface MemoryMachine extends Thing {
  readonly spec: MachineBlueprint<MemoryPlacement>;
  power: PowerState;
}

const placement = z.strictObject({ pool: z.string() });
export type MemoryPlacement = z.infer<typeof placement>;
const POOLS: readonly Choice[] = [{ value: 'fast', label: 'The fast pool' }];

/** A cloud of volumes, machines and networks. */
export class MemoryCloud {
  readonly volumes = new Map<string, MemoryVolume>();
  readonly machines = new Map<string, MemoryMachine>();
  readonly snapshots = new Map<string, Thing & { readonly volume: string; readonly bytes: Buffer }>();
  readonly networks = new Map<string, Thing & { readonly name: string; readonly isolated: boolean }>();
  private serial = 0;

  constructor() {
    this.networks.set('lan', { ref: 'lan', key: '', name: 'LAN', isolated: false });
  }

  /** A provision over one of the maps. */
  provision<Spec, T extends Thing>(
    things: Map<string, T>,
    make: (spec: Spec, identity: Thing) => T,
  ): Provision<Spec, string> {
    const byKey = (key: string): T | undefined => [...things.values()].find((thing) => thing.key === key);
    return {
      create: async (spec, { key, signal }) => {
        throwIfAborted(signal);
        const found = byKey(key);
        if (found) return found.ref;
        this.serial += 1;
        const made = make(spec, { ref: `thing-${this.serial}`, key });
        things.set(made.ref, made);
        return made.ref;
      },
      async find(key, { signal }) {
        throwIfAborted(signal);
        const found = byKey(key);
        return found && { ref: found.ref, complete: true };
      },
      async remove(ref, { signal }) {
        throwIfAborted(signal);
        things.delete(ref);
      },
    };
  }

  volume(ref: string): MemoryVolume {
    const found = this.volumes.get(ref);
    if (!found) throw notFound('volume', ref);
    return found;
  }

  machine(ref: string, { signal }: CallOptions): MemoryMachine {
    throwIfAborted(signal);
    const found = this.machines.get(ref);
    if (!found) throw notFound('machine', ref);
    return found;
  }

  inUse(ref: string): boolean {
    return [...this.machines.values()].some(
      ({ power, spec }) => power === 'running' && spec.disks.some((disk) => disk.volume === ref),
    );
  }
}

/** A target that keeps to every clause; the kit is tried on it and on what breaks it. */
/** A set-up with nothing to choose from. */
const guidedSetUp: GuidedSetUp<MemorySettings> = {
  credentials: z.strictObject({ host: z.string() }),
  selection: z.strictObject({}),
  discover: () => Promise.resolve({ appliance: { how: 'It is here.' }, facts: [], resources: [] }),
  validate: () => Promise.resolve([]),
  settingsOf: (credentials) => credentials as MemorySettings,
};

export function memoryTarget(cloud: MemoryCloud): TargetPlugin<MemorySettings, MemoryPlacement> {
  return defineTargetPlugin({
    manifest: {
      id: 'memory-target',
      kind: 'target',
      displayName: 'Memory',
      contract: CONTRACT_VERSION,
      capabilities: [
        'volumeSnapshots',
        'zeroedVolumes',
        'isolatedNetworks',
        'consoleScreenshot',
        'consoleUrl',
      ],
    },
    settings: z.strictObject({ host: z.string() }),
    placement,
    setUp: guidedSetUp,
    async connect(_settings, _context, { signal }) {
      throwIfAborted(signal);
      return session(cloud);
    },
  });
}

/** What the kit needs to try a target that stands on this cloud. */
export function memoryTargetSubject(
  cloud: MemoryCloud,
  plugin: TargetPlugin<MemorySettings, MemoryPlacement> = memoryTarget(cloud),
): TargetSubject<MemorySettings, MemoryPlacement> {
  const bytesOf = (path: string): Buffer => cloud.volume(path.slice('/memory/'.length)).bytes;
  return {
    plugin,
    settings: { host: 'here' },
    context: MEMORY_CONTEXT,
    placement: { pool: 'fast' },
    volumeBytes: 1 << 20,
    read: async ({ path }, offset, length) => Buffer.from(bytesOf(path).subarray(offset, offset + length)),
    write: async ({ path }, offset, bytes) => void bytesOf(path).set(bytes, offset),
  };
}

function session(cloud: MemoryCloud): TargetSession<MemoryPlacement> {
  const volumes = cloud.provision(cloud.volumes, (spec: { sizeBytes: number }, identity): MemoryVolume => ({
    ...identity,
    bytes: Buffer.alloc(spec.sizeBytes),
    open: 0,
  }));
  const control: VolumeSnapshotControl = {
    ...cloud.provision(cloud.snapshots, ({ volume }: { volume: string }, identity) => ({
      ...identity,
      volume,
      bytes: Buffer.from(cloud.volume(volume).bytes),
    })),
    async revert(ref, { signal }) {
      throwIfAborted(signal);
      const snapshot = cloud.snapshots.get(ref);
      if (!snapshot) throw notFound('snapshot', ref);
      const volume = cloud.volume(snapshot.volume);
      if (volume.open > 0 || cloud.inUse(volume.ref)) {
        throw new MigrationError('volume.in-use', 'The volume is attached.');
      }
      volume.bytes = Buffer.from(snapshot.bytes);
    },
    volumeFromSnapshot: cloud.provision(
      cloud.volumes,
      ({ snapshot }: { snapshot: string }, identity): MemoryVolume => {
        const found = cloud.snapshots.get(snapshot);
        if (!found) throw notFound('snapshot', snapshot);
        return { ...identity, bytes: Buffer.from(found.bytes), open: 0 };
      },
    ),
  };
  return {
    catalog: {
      async discover({ signal }) {
        throwIfAborted(signal);
        return { fields: { pool: POOLS } };
      },
      async choices(field, { signal }) {
        throwIfAborted(signal);
        return field === 'pool' ? POOLS : [];
      },
      async validate({ pool }, { signal }) {
        throwIfAborted(signal);
        if (POOLS.some((choice) => choice.value === pool)) return [];
        const message = 'There is no such pool.';
        return [{ code: 'pool.unknown', severity: 'blocker', message, remedy: 'Choose another pool.' }];
      },
    },
    volumes: {
      ...volumes,
      async open(ref, { signal }) {
        throwIfAborted(signal);
        const volume = cloud.volume(ref);
        if (cloud.inUse(ref)) throw new MigrationError('volume.in-use', 'A running machine has this volume.');
        volume.open += 1;
        let given = false;
        return {
          value: { path: `/memory/${ref}`, format: 'raw', kind: 'file', sizeBytes: volume.bytes.length },
          async [Symbol.asyncDispose]() {
            if (!given) volume.open -= 1;
            given = true;
          },
        };
      },
    },
    machines: {
      ...cloud.provision(
        cloud.machines,
        (spec: MachineBlueprint<MemoryPlacement>, identity): MemoryMachine => {
          for (const { volume } of spec.disks) cloud.volume(volume);
          return { ...identity, spec, power: 'stopped' };
        },
      ),
      state: async (ref, options) => cloud.machine(ref, options).power,
      start: async (ref, options) => void (cloud.machine(ref, options).power = 'running'),
      stop: async (ref, options) => void (cloud.machine(ref, options).power = 'stopped'),
    },
    networks: {
      async list({ signal }) {
        throwIfAborted(signal);
        return [...cloud.networks.values()].map(({ ref, name, isolated }) => ({ ref, name, isolated }));
      },
    },
    async limits({ signal }) {
      throwIfAborted(signal);
      return { attachedVolumes: 64, snapshotsAtOnce: 8 };
    },
    can: {
      volumeSnapshots: { whileAttached: control, whileDetached: control, cost: 'instant' },
      zeroedVolumes: { guaranteed: true },
      isolatedNetworks: cloud.provision(cloud.networks, ({ name }: { name: string }, identity) => ({
        ...identity,
        name,
        isolated: true,
      })),
      consoleUrl: {
        url: async (ref, options) => `https://console.example/${cloud.machine(ref, options).ref}`,
      },
      consoleScreenshot: {
        async screenshot(ref, options) {
          cloud.machine(ref, options);
          return PIXEL;
        },
        async serialLog(ref, options) {
          cloud.machine(ref, options);
          return 'login: '.repeat(20).slice(-options.maxBytes);
        },
      },
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

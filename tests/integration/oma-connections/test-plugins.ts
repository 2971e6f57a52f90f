import { MigrationError } from '@ossea/errors';
import {
  secret,
  z,
  type GuidedSetUp,
  type SourceSession,
  type TargetPlugin,
  type VmDescription,
} from '@ossea/plugin-sdk';
import type { SourceGateway } from '../../../apps/oma/src/connections/connections-ports.js';
import { MEMORY_CONTEXT } from '../../../libs/plugin-conformance/src/memory/memory-context.js';
import { MemoryHost, memorySource } from '../../../libs/plugin-conformance/src/memory/memory-source.js';
import { MemoryCloud, memoryTarget } from '../../../libs/plugin-conformance/src/memory/memory-target.js';

/** Whatever is connected with it, it must never be seen again. */
export const CANARY = 'canary-5ecret-7f3a';

export const hypervisor = memorySource(new MemoryHost());
export const hypervisorSettings = z.strictObject({
  host: z.string().min(3),
  password: secret(z.string().min(8)),
});
/** The kit's memory source, with a password. The OMA sees its settings only: sessions are the gateway's. */
export const hypervisorPlugin = { ...hypervisor, settings: hypervisorSettings };

/** Its settings come from another library: they can be checked, but no form can be drawn from them. */
export const undrawablePlugin = {
  ...hypervisor,
  manifest: { ...hypervisor.manifest, id: 'undrawable' },
  settings: { safeParse: (data: unknown) => ({ success: true, data }) },
};

/** A machine with peculiarities, as a source describes it. */
export function machine(id: string, more: Partial<VmDescription> = {}): VmDescription {
  return {
    id,
    name: id.toUpperCase(),
    power: 'running',
    hostId: 'memory',
    cpus: 2,
    memoryBytes: 1 << 30,
    firmware: 'uefi',
    disks: [{ key: 'disk-a', backing: `${id}/a`, label: 'Disk A', sizeBytes: 1 << 20, boot: true }],
    nics: [{ key: 'nic-0', mac: '52:54:00:00:00:01', network: 'VM Network' }],
    concerns: [],
    ...more,
  };
}

interface Opening {
  readonly vmaId: string;
  readonly session: string;
  readonly settings: Record<string, unknown>;
}

/** Stands for the tunnel and the VMAs: opens sessions of the memory source, and shows what happened to them. */
export class FakeGateway implements SourceGateway {
  readonly openings: Opening[] = [];
  readonly closed: string[] = [];
  readonly machines = new Map<string, VmDescription>();
  /** Thrown by the next `open`. */
  refusal: Error | undefined;
  /** Thrown by every call of the sessions that are open now. */
  broken: Error | undefined;
  /** Awaited by every description. */
  pause: Promise<void> | undefined;

  async open(
    { vmaId, session, settings }: Parameters<SourceGateway['open']>[0],
    call: Parameters<SourceGateway['open']>[1],
  ): Promise<SourceSession> {
    this.openings.push({ vmaId, session, settings });
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal) throw refusal;
    const memory = await hypervisor.connect({ host: 'here' }, MEMORY_CONTEXT, call);
    const { machines } = this;
    const before = this.broken;
    const mustWork = () => {
      if (this.broken && this.broken !== before) throw this.broken;
    };
    const pause = () => this.pause;
    return {
      ...memory,
      inventory: {
        async *list(options) {
          mustWork();
          yield* memory.inventory.list(options);
          for (const { id, name, power } of machines.values()) yield { id, name, power };
        },
        describe: async (vm, options) => {
          await pause();
          return machines.get(vm) ?? memory.inventory.describe(vm, options);
        },
      },
      [Symbol.asyncDispose]: async () => void this.closed.push(`${vmaId} ${session}`),
    };
  }
}

type CloudSettings = { mood: string; password: string };
type CloudCredentials = { password: string; account?: string | undefined };

/** The kit's memory target, with a password that it is careless with. `mood` says how. */
/** A set-up that says the password wherever it can. */
const carelessSetUp = (
  cloud: CarelessCloud,
): GuidedSetUp<CloudSettings, CloudCredentials, { readonly mood: string }> => ({
  credentials: z.strictObject({ password: secret(z.string().min(8)), account: z.string().optional() }),
  selection: z.strictObject({ mood: z.string() }),
  discover: async ({ password, account }, context) => {
    context.log.warn(`looking with ${password}`);
    if (account === 'locked') throw new MigrationError('auth.rejected', `"${password}" is not the password.`);
    return {
      appliance: { id: 'vm-1', name: 'appliance', how: 'by its UUID' },
      facts: [{ title: 'Account', value: account ?? 'ours' }],
      resources: [
        {
          kind: 'moods',
          title: 'Moods',
          field: 'mood',
          items: [
            { value: 'calm', label: 'Calm', details: { pulse: 60 }, recommended: true },
            { value: 'refuses', label: 'Refuses', details: {}, unsuitable: 'It refuses everybody.' },
          ],
        },
        {
          kind: 'hosts',
          title: 'Hosts',
          items: [],
          problem: { code: 'peer.forbidden', message: 'They may not be listed.', remedy: 'Allow listHosts.' },
        },
      ],
    };
  },
  validate: async ({ credentials, selection }, context) => {
    context.log.warn(`trying with ${credentials.password}`);
    await cloud.gate;
    if (selection.mood === 'broken') throw new TypeError(`cannot read ${credentials.password}`);
    const isCalm = selection.mood === 'calm';
    const title = 'It is calm';
    return [
      isCalm
        ? { check: 'is-calm', title, outcome: 'pass', message: 'Its pulse is 60.' }
        : { check: 'is-calm', title, outcome: 'fail', message: 'It is not.', remedy: 'Choose a calm one.' },
    ];
  },
  settingsOf: ({ password }, { mood }) => ({ password, mood }),
});

export class CarelessCloud {
  readonly cloud = new MemoryCloud();
  connects = 0;
  open = 0;
  /** Connecting waits for it. */
  gate: Promise<void> | undefined;
  /** Thrown by `networks.list` of the sessions that are open now. */
  broken: Error | undefined;

  readonly plugin: TargetPlugin<CloudSettings, { pool: string }> = {
    ...memoryTarget(this.cloud),
    setUp: carelessSetUp(this) as GuidedSetUp<CloudSettings>,
    manifest: { ...memoryTarget(this.cloud).manifest, id: 'careless-cloud', displayName: 'Careless' },
    settings: z.strictObject({ mood: z.string(), password: secret(z.string().min(8)) }),
    connect: async ({ mood, password }, context, call) => {
      this.connects += 1;
      await this.gate;
      context.log.warn(`connecting with ${password}`, { password, sent: { body: [password] } });
      if (mood === 'refuses') {
        const cause = new Error(`401 for ${password}`);
        throw new MigrationError('auth.rejected', `"${password}" is not the password.`, { cause });
      }
      if (mood === 'unreachable') throw new MigrationError('peer.unreachable', 'Nobody answers.');
      if (mood === 'broken') throw new TypeError(`cannot read ${password}`);
      const session = await memoryTarget(this.cloud).connect({ host: 'here' }, context, call);
      this.open += 1;
      const before = this.broken;
      return {
        ...session,
        networks: {
          list: async (options) => {
            if (this.broken && this.broken !== before) throw this.broken;
            return session.networks.list(options);
          },
        },
        [Symbol.asyncDispose]: async () => {
          this.open -= 1;
        },
      };
    },
  };
}

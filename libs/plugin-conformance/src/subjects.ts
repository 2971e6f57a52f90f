import type {
  BlockEndpoint,
  DiskKey,
  Firmware,
  NetworkRef,
  PluginContext,
  SourceCapability,
  SourcePlugin,
  TargetCapability,
  TargetPlugin,
  VmId,
  VolumeDevice,
} from '@ossea/plugin-sdk';

/** A disk of the sample machine that the kit may scribble on, in its first 3 MiB and its last sector. */
export interface SampleDisk {
  readonly disk: DiskKey;
  /** Writes as the guest would: below the snapshots, seen by change tracking. Resolves once it is written. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
}

/** A machine the kit may snapshot, write to, stop and start freely. */
export interface SampleMachine extends SampleDisk {
  readonly vm: VmId;
  /** Another disk of the same machine; with it the kit checks that one snapshot is one moment. */
  readonly secondDisk?: SampleDisk;
}

/** All the kit needs to hold a source plugin to the contract. */
export interface SourceSubject<Config = unknown> {
  readonly plugin: SourcePlugin<Config>;
  readonly settings: Config;
  readonly context: PluginContext;
  readonly sample: SampleMachine;
  /** Reads bytes from an endpoint that the plugin handed out (plain NBD; the kit has no client of its own). */
  read(endpoint: BlockEndpoint, offset: number, length: number): Promise<Uint8Array>;
  /** What this connection must grant. Omitted: everything the manifest advertises. */
  readonly grants?: readonly SourceCapability[];
  /** Milliseconds the machine may take to shut down when it is asked to; 60 000 unless told. */
  readonly powerTimeoutMs?: number;
}

/** All the kit needs to hold a target plugin to the contract. */
export interface TargetSubject<Config = unknown, Placement = unknown> {
  readonly plugin: TargetPlugin<Config, Placement>;
  readonly settings: Config;
  readonly context: PluginContext;
  /** A placement that works: the kit makes small volumes, machines and networks with it, and removes them. */
  readonly placement: Placement;
  /**
   * A placement that cannot work although the schema accepts it. Omitted: `placement` with every string
   * that the catalog offers choices for replaced by one that does not exist.
   */
  readonly impossiblePlacement?: Placement;
  read(device: VolumeDevice, offset: number, length: number): Promise<Uint8Array>;
  /** Writes to an opened volume and makes it durable. */
  write(device: VolumeDevice, offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes an opened volume one that a machine can boot. Omitted: machines are started with blank volumes. */
  makeBootable?(device: VolumeDevice): Promise<void>;
  /** Size of the volumes the kit makes, in bytes; 64 MiB unless told. */
  readonly volumeBytes?: number;
  /** Shape of the machines the kit makes. */
  readonly machine?: {
    readonly cpus?: number;
    readonly memoryBytes?: number;
    readonly firmware?: Firmware;
    /** A network for the machine's one card. Omitted: the first that `networks.list` names, or no card. */
    readonly network?: NetworkRef;
  };
  /** What this connection must grant. Omitted: everything the manifest advertises. */
  readonly grants?: readonly TargetCapability[];
}

/** One clause of the contract, as data: a test runner runs it, the command line runs it, the docs list it. */
export interface Check<Subject> {
  readonly clause: string;
  /** The capability this clause is about; without it the clause does not apply. */
  readonly needs?: string;
  run(subject: Subject): Promise<void>;
}

/** The two functions of a test runner that the kit uses (vitest's `describe` and `it` fit). */
export interface TestApi {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (
    name: string,
    run: (context: { skip(note?: string): void }) => Promise<void>,
    timeoutMs?: number,
  ) => unknown;
}

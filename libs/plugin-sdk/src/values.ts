/** Everything here leaves a call, so everything here is plain JSON. References and tokens are opaque strings. */
declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]?: Name };

export type VmId = Id<'VmId'>;
/** Names one disk within its VM for as long as the disk exists: never an index, a label or a name. */
export type DiskKey = Id<'DiskKey'>;
export type SnapshotRef = Id<'SnapshotRef'>;
export type VolumeRef = Id<'VolumeRef'>;
export type VolumeSnapshotRef = Id<'VolumeSnapshotRef'>;
export type MachineRef = Id<'MachineRef'>;
export type NetworkRef = Id<'NetworkRef'>;
/** Opaque marker for "the disk as of then"; only the plugin that issued it can read it. */
export type ChangeToken = Id<'ChangeToken'>;
/** Same key, same resource: lets a crashed step run again without leaving a twin behind. `[a-z0-9-]{1,64}`. */
export type IdempotencyKey = Id<'IdempotencyKey'>;

/** Half-open byte range `[offset, offset + length)`. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export type PowerState = 'running' | 'stopped' | 'suspended';
export type Firmware = 'bios' | 'uefi';

export interface VmSummary {
  readonly id: VmId;
  readonly name: string;
  readonly power: PowerState;
  /** Where people find it, from the top: datacenter, cluster or host, folder … as the platform arranges it. */
  readonly path?: string;
}

/** A disk is identified by VM id + key + backing identity; a change of any of them means a full cycle. */
export interface DiskDescription {
  readonly key: DiskKey;
  /** What the platform says the disk is stored as; it changes when the disk is replaced. */
  readonly backing: string;
  readonly label: string;
  readonly sizeBytes: number;
  readonly boot: boolean;
  /** The datastore, pool or directory that holds it. */
  readonly storage?: string;
  readonly provisioning?: 'thin' | 'thick-lazy-zeroed' | 'thick-eager-zeroed';
  /** What it hangs on, as the platform says it: `SCSI 0:1 (ParaVirtual)`. */
  readonly controller?: string;
}

export interface NicDescription {
  readonly key: string;
  readonly mac: string;
  readonly network: string;
  /** The adapter's model, as the platform says it: `Vmxnet3`. */
  readonly model?: string;
  /** What the guest has on it, where its tools say so. */
  readonly addresses?: readonly string[];
}

export type Severity = 'blocker' | 'warning' | 'information';

/** Something about a machine or a placement that the operator should know before the first byte moves. */
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly remedy: string;
}

export interface VmDescription extends VmSummary {
  /** Identity of the host or vCenter that tracks the changes; part of what a change token depends on. */
  readonly hostId: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly firmware: Firmware;
  readonly guestOs?: string;
  readonly hostName?: string;
  /** The cluster and host it runs on. */
  readonly runsOn?: string;
  readonly secureBoot?: boolean;
  /** A virtual TPM: what it holds is not moved. */
  readonly vTpm?: boolean;
  /** Whether the guest can be asked for anything: to flush, to shut down, for its addresses. */
  readonly guestTools?: 'running' | 'stopped' | 'absent';
  /** Snapshots that stand now, ours included. */
  readonly snapshots?: readonly {
    readonly name: string;
    readonly createdAt: string;
    readonly ours: boolean;
  }[];
  readonly disks: readonly DiskDescription[];
  readonly nics: readonly NicDescription[];
  readonly concerns: readonly Finding[];
}

/** Where bytes can be read or written. Plugins hand these out; only the copy engine moves bytes. */
export type BlockEndpoint =
  | {
      readonly transport: 'nbd-unix';
      readonly path: string;
      readonly exportName: string;
      readonly sizeBytes: number;
    }
  | {
      readonly transport: 'nbd-tcp';
      readonly host: string;
      readonly port: number;
      readonly exportName: string;
      readonly sizeBytes: number;
    };

/** A target volume as the OMA can open it: a file or a block device, with its format always explicit. */
export interface VolumeDevice {
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
  readonly kind: 'file' | 'block';
  /** The size the guest sees, in bytes; at least what was asked for. */
  readonly sizeBytes: number;
  /** The serial by which an attached volume was found, where the platform has one. */
  readonly serial?: string;
}

/** A resource that must be given back. Disposing twice is harmless. */
export interface Lease<T> extends AsyncDisposable {
  readonly value: T;
}

/** Every call takes a signal; an aborted call rejects with `call.aborted`. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface ImageData {
  readonly mediaType: 'image/png';
  readonly base64: string;
}

import type {
  ChangeToken,
  DiskKey,
  MachineRef,
  NetworkRef,
  PowerState,
  SnapshotRef,
  SourceCapability,
  TargetCapability,
  VmDescription,
  VmId,
  VolumeRef,
  VolumeSnapshotRef,
} from '@ossea/plugin-sdk';

/*
 * What the steps tell each other. Everything here is JSON: it is stored after every step, and it is the only way
 * in which one step knows what another did.
 */

export interface DiskVolume {
  readonly disk: DiskKey;
  readonly volume: VolumeRef;
}

/** One export on the appliance's NBD port, with the write lease it stands for. */
export interface DiskExport {
  readonly disk: DiskKey;
  readonly exportName: string;
  readonly sizeBytes: number;
  /** The lease's epoch: a newer one fences this one. */
  readonly epoch: number;
  /** `volume` only until the first recovery point is sealed; every later cycle, also a full one, writes a delta. */
  readonly destination: 'volume' | 'delta';
  /** The delta's id, where one is written. A fresh delta has a new id, and so a new journal. */
  readonly delta?: string;
}

/** Why a disk is copied in full, or that it is not. One code per cause, for people and for tests. */
export type WorkReason =
  | 'first-cycle'
  | 'changes-known'
  | 'no-change-tracking'
  | 'no-change-token'
  | 'tracking-reset'
  | 'host-changed'
  | 'vm-changed'
  | 'disk-new'
  | 'backing-changed'
  | 'capacity-changed'
  | 'target-changed'
  | 'asked-for';

export interface DiskWork {
  readonly disk: DiskKey;
  readonly kind: 'full' | 'incremental';
  readonly reason: WorkReason;
  /** The source's own words about it. */
  readonly because?: string;
  /** The token to ask the changes since; only for incremental work. */
  readonly since?: ChangeToken;
  /** Holes need not be written: the volume is new and the target grants that it reads as zeroes. */
  readonly targetIsZero: boolean;
}

export interface CyclePlan {
  readonly cycle: string;
  /** Full when at least one disk is. */
  readonly kind: 'full' | 'incremental';
  readonly disks: readonly DiskWork[];
}

export interface DiskCopy {
  readonly disk: DiskKey;
  readonly bytesTotal: number;
  readonly bytesMoved: number;
  readonly bytesZeroed: number;
  /** Bytes that an earlier try had finished: neither read nor written again. */
  readonly bytesResumed: number;
  readonly seconds: number;
}

/** The last sealed recovery point. Its digests stand in the database, not here. */
export interface SealedPoint {
  readonly id: string;
  readonly cycle: string;
  /** Counts the sealed points of this context; part of what an incremental cycle depends on. */
  readonly generation: number;
  readonly sealedAt: string;
}

export interface DiskToken {
  readonly disk: DiskKey;
  readonly token: ChangeToken;
}

export interface VolumeSnapshots {
  /** The generation that the snapshots hold. */
  readonly generation: number;
  readonly snapshots: readonly { readonly volume: VolumeRef; readonly snapshot: VolumeSnapshotRef }[];
}

export interface BootVerdict {
  readonly booted: boolean;
  /** What it was judged by: a line of the serial log, a picture, an answer of the guest. */
  readonly evidence: string;
}

/** Things we own on other people's platforms, or owe to them. Each has a ledger row before we ask for it. */
export interface Resources {
  /** Change tracking that we switched on. */
  readonly tracking: true;
  readonly volumes: readonly DiskVolume[];
  /** The volumes are attached to this appliance. */
  readonly attachment: true;
  readonly exports: readonly DiskExport[];
  readonly snapshot: SnapshotRef;
  /** Snapshots of the volumes at recovery point N, for the way back. */
  readonly rollbackPoint: VolumeSnapshots;
  /** The final cycle's delta, kept after its fold, so that N can become N+1 again. */
  readonly keptDelta: { readonly generation: number };
  /** We keep the source machine off, and owe it a restart if we give up. */
  readonly sourceHold: {
    readonly was: PowerState;
    /** When the guest was asked to shut down: the downtime counts from here. */
    readonly askedAt: string;
  };
  readonly machine: MachineRef;
  /** Folding is paused; the volumes stand at this generation. */
  readonly hold: { readonly generation: number };
  readonly testSnapshots: VolumeSnapshots;
  readonly testVolumes: readonly DiskVolume[];
  readonly testNetwork: NetworkRef;
  readonly testMachine: MachineRef;
}

/** Things we have learnt. */
export interface Findings {
  readonly vmId: VmId;
  readonly vm: VmDescription;
  /** Disks whose volume was created by this very try and never written: only there may holes be left out. */
  readonly freshVolumes: readonly DiskKey[];
  readonly cyclePlan: CyclePlan;
  readonly copied: readonly DiskCopy[];
  /** The deltas' allocation maps equal their journals. */
  readonly written: true;
  /** Volume plus sealed deltas are one moment of the source; gone while that is not so. */
  readonly recoveryPoint: SealedPoint;
  /** What the source needs to say what changed since `recoveryPoint`. */
  readonly changeTokens: readonly DiskToken[];
  readonly preFlight: {
    readonly checkedAt: string;
    /** What the source machine did before we touched it: what a roll back returns it to. */
    readonly sourcePower: PowerState;
    readonly warnings: readonly string[];
  };
  /** The whole recovery point was read back and equals its digests. */
  readonly verified: { readonly generation: number; readonly bytesChecked: number };
  readonly bootVerdict: BootVerdict;
  /** The operator's approved plan for a release says that the volumes go too. */
  readonly volumesMayGo: true;
}

/** Findings that outlive the run that made them; all others belong to their run and are gone with it. */
export const LASTING_FINDINGS: readonly FindingName[] = [
  'vmId',
  'vm',
  'freshVolumes',
  'recoveryPoint',
  'changeTokens',
  // A way back must know what the source machine did before.
  'preFlight',
  'bootVerdict',
  'volumesMayGo',
];

export type Facts = Resources & Findings;
export type ResourceName = keyof Resources;
export type FindingName = keyof Findings;
export type FactName = keyof Facts;
export type CapabilityName = `source.${SourceCapability}` | `target.${TargetCapability}`;

import type { CopyProgress, CopyResult, Journal } from '@ossea/copy-engine';
import type { DiskExport, DiskVolume, RetryRules, VolumeSnapshots } from '@ossea/core';
import type {
  ChangeToken,
  DiskDescription,
  DiskKey,
  IdempotencyKey,
  SnapshotRef,
  SourceSession,
  TargetSession,
} from '@ossea/plugin-sdk';
import type { EntityManager } from 'typeorm';

/*
 * What the steps of a cycle and of a failover ask of their neighbours. `volumes/` and `tunnels/` implement these;
 * composition.ts ties them together.
 */

/** What runs are told by the configuration. */
export interface RunSettings {
  /** Milliseconds that a machine whose console cannot be read must run until it counts as up. */
  readonly settleMs: number;
  /** How steps are tried again; the engine's own rules unless told. */
  readonly retryRules?: RetryRules;
}
export const RUN_SETTINGS = Symbol('RunSettings');

export interface SignalOption {
  readonly signal: AbortSignal;
}

/** The only door to target volumes, for one VM context at a time. */
export interface ContextVolumes {
  /** One volume per disk, idempotent by the parts of `key`. `fresh`: made by this very call, never written. */
  create(
    context: string,
    disks: readonly DiskDescription[],
    key: IdempotencyKey,
    options: SignalOption,
  ): Promise<{ readonly volumes: readonly DiskVolume[]; readonly fresh: readonly DiskKey[] }>;
  /** Attaches every volume of the context to this appliance; attached ones stay as they are. */
  attach(context: string, options: SignalOption): Promise<void>;
  detach(context: string, options: SignalOption): Promise<void>;
  /** Write leases, deltas where a recovery point stands, exports on the VMA's storage daemon. */
  openForCycle(
    request: {
      readonly context: string;
      readonly vmaId: string;
      readonly sequence: number;
      readonly disks: readonly DiskDescription[];
      readonly destination: 'volume' | 'delta';
    },
    options: SignalOption,
  ): Promise<readonly DiskExport[]>;
  /** Removes the exports; what was received and not sealed is discarded when `discard` is set. */
  closeExports(context: string, options: SignalOption & { readonly discard: boolean }): Promise<void>;
  /** Throws `copy.incomplete` unless the delta's allocation map equals the journal. */
  checkWritten(context: string, target: DiskExport, journal: Journal, options: SignalOption): Promise<void>;
  /** Keeps the digests of a copied disk beside its volume, as a patch of this cycle; safe to repeat. */
  stageDigests(context: string, target: DiskExport, sequence: number, journal: Journal): Promise<void>;
  /** Inside the seal's transaction: receiving → sealed. */
  seal(manager: EntityManager, context: string, sequence: number): Promise<void>;
  /** Folds every sealed delta, oldest first. Throws `volume.in-use` under a hold or while a volume is elsewhere. */
  fold(context: string, options: SignalOption & { readonly keep: boolean }): Promise<void>;
  foldKept(context: string, options: SignalOption): Promise<void>;
  discardKept(context: string): Promise<void>;
  /** Pauses folds at the recovery point that the volumes hold then, and says which. */
  hold(context: string, run: string, options: SignalOption & { readonly reason: string }): Promise<number>;
  releaseHold(context: string, run: string): Promise<void>;
  snapshot(
    context: string,
    purpose: 'rollback' | 'test',
    key: IdempotencyKey,
    options: SignalOption,
  ): Promise<VolumeSnapshots>;
  revert(snapshots: VolumeSnapshots, options: SignalOption): Promise<void>;
  dropSnapshots(context: string, key: IdempotencyKey, options: SignalOption): Promise<void>;
  copiesOf(
    context: string,
    snapshots: VolumeSnapshots,
    key: IdempotencyKey,
    options: SignalOption,
  ): Promise<readonly DiskVolume[]>;
  removeCopies(context: string, key: IdempotencyKey, options: SignalOption): Promise<void>;
  remove(context: string, options: SignalOption): Promise<void>;
  /** Re-reads clusters of the present recovery point and compares them with what was read at the source. */
  verify(
    context: string,
    options: SignalOption & {
      readonly scope: { readonly clusters: number } | 'all' | { readonly sequence: number };
      readonly onProgress?: (fraction: number) => void;
    },
  ): Promise<{ readonly pointSequence: number; readonly bytesChecked: number }>;
}

export interface CopyOrder {
  readonly copyId: string;
  readonly correlationId: string;
  readonly disk: DiskKey;
  readonly snapshot: SnapshotRef;
  readonly exportName: string;
  readonly sizeBytes: number;
  readonly work:
    | { readonly kind: 'full'; readonly targetIsZero: boolean }
    | { readonly kind: 'incremental'; readonly since: ChangeToken };
  readonly journalIdentity: string;
}

/** Runs copies on the VMA that holds the source session. */
export interface RemoteCopies {
  /** Starts the copy, or joins the one with this id; settles when it has ended. Aborting cancels it and waits until it has stopped. */
  run(
    order: CopyOrder,
    options: SignalOption & { readonly onProgress: (p: CopyProgress) => void },
  ): Promise<CopyResult>;
  journal(copyId: string, options: SignalOption): Promise<Journal>;
  /** Lets the VMA forget every copy whose id begins so, and delete the journals. */
  forgetAll(prefix: string, options: SignalOption): Promise<void>;
}

/** Live sessions to both sides of a run, and the copies that one VMA makes from an open source session. */
export interface RunSessions {
  source(connectionId: string, options: SignalOption): Promise<SourceSession>;
  target(connectionId: string, options: SignalOption): Promise<TargetSession>;
  /** @param session id of the source session on the VMA. */
  copiesOn(vmaId: string, session: string): RemoteCopies;
}
export const RUN_SESSIONS = Symbol('RunSessions');

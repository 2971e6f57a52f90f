import type { DiskExport, DiskVolume, VolumeSnapshots as SnapshotSet } from '@ossea/core';
import type { Journal } from '@ossea/copy-engine';
import type { CallOptions, DiskDescription, IdempotencyKey } from '@ossea/plugin-sdk';
import type { EntityManager } from 'typeorm';
import type { ContextVolumes } from '../replication/replication-ports.js';
import type { BootRecovery, RecoveryReport } from './boot-recovery.js';
import type { ContextLocks } from './context-locks.js';
import type { CycleExports, CycleOpening } from './cycle-exports.js';
import type { DaemonSupervisor } from './daemon-supervisor.js';
import type { Deltas } from './deltas.js';
import type { DigestMaps } from './digest-maps.js';
import type { Folds } from './folds.js';
import type { Holds } from './holds.js';
import type { LeftBehind } from './left-behind.js';
import type { ReadChains } from './read-chains.js';
import type { Verification, VerificationOptions, Verified } from './verification.js';
import type { VolumeAttachments } from './volume-attachments.js';
import type { CreatedVolumes, VolumeProvisioning } from './volume-provisioning.js';
import type { SnapshotPurpose } from './volume-snapshot.entity.js';
import type { VolumeSnapshots } from './volume-snapshots.js';
import type { WrittenCheck } from './written-check.js';

/** The parts of the room; `composeVolumes` makes them. */
export interface VolumesParts {
  readonly locks: ContextLocks;
  readonly attachments: VolumeAttachments;
  readonly provisioning: VolumeProvisioning;
  readonly daemons: DaemonSupervisor;
  readonly deltas: Deltas;
  readonly exports: CycleExports;
  readonly written: WrittenCheck;
  readonly digests: DigestMaps;
  readonly folds: Folds;
  readonly holds: Holds;
  readonly snapshots: VolumeSnapshots;
  readonly chains: ReadChains;
  readonly verification: Verification;
  readonly recovery: BootRecovery;
  readonly leftBehind: () => Promise<LeftBehind>;
}

/** The only door to target volumes. It decides nothing itself: each part of the room does one thing. */
export class VolumesService implements ContextVolumes {
  constructor(private readonly parts: VolumesParts) {}

  create(
    context: string,
    disks: readonly DiskDescription[],
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<CreatedVolumes> {
    return this.parts.provisioning.create(context, disks, key, options);
  }

  attach(context: string, options: CallOptions): Promise<void> {
    return this.parts.attachments.attach(context, options);
  }

  detach(context: string, options: CallOptions): Promise<void> {
    const { locks, attachments } = this.parts;
    return locks.exclusive(context, options.signal, () => attachments.detach(context, options));
  }

  openForCycle(opening: CycleOpening, options: CallOptions): Promise<readonly DiskExport[]> {
    return this.parts.exports.openForCycle(opening, options);
  }

  closeExports(context: string, options: CallOptions & { readonly discard: boolean }): Promise<void> {
    return this.parts.exports.closeExports(context, options);
  }

  checkWritten(context: string, target: DiskExport, journal: Journal, options: CallOptions): Promise<void> {
    return this.parts.written.check(context, target, journal, options);
  }

  async stageDigests(context: string, target: DiskExport, sequence: number, journal: Journal): Promise<void> {
    const volumes = await this.parts.attachments.volumesOf(context);
    const volume = volumes.find(({ diskKey }) => diskKey === target.disk);
    if (volume) await this.parts.digests.apply(volume.id, sequence, journal);
  }

  seal(manager: EntityManager, context: string, sequence: number): Promise<void> {
    return this.parts.deltas.seal(manager, context, sequence);
  }

  fold(context: string, options: CallOptions & { readonly keep: boolean }): Promise<void> {
    return this.parts.folds.fold(context, options);
  }

  foldKept(context: string, options: CallOptions): Promise<void> {
    return this.parts.folds.foldKept(context, options);
  }

  discardKept(context: string): Promise<void> {
    return this.parts.folds.discardKept(context);
  }

  hold(context: string, run: string, options: CallOptions & { readonly reason: string }): Promise<number> {
    return this.parts.holds.hold(context, run, options);
  }

  releaseHold(context: string, run: string): Promise<void> {
    return this.parts.holds.release(context, run);
  }

  snapshot(
    context: string,
    purpose: SnapshotPurpose,
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<SnapshotSet> {
    return this.parts.snapshots.snapshot(context, purpose, key, options);
  }

  revert(snapshots: SnapshotSet, options: CallOptions): Promise<void> {
    return this.parts.snapshots.revert(snapshots, options);
  }

  dropSnapshots(context: string, key: IdempotencyKey, options: CallOptions): Promise<void> {
    return this.parts.snapshots.drop(context, key, options);
  }

  copiesOf(
    context: string,
    snapshots: SnapshotSet,
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<readonly DiskVolume[]> {
    return this.parts.snapshots.cloneFrom(context, snapshots, key, options);
  }

  removeCopies(context: string, key: IdempotencyKey, options: CallOptions): Promise<void> {
    return this.parts.snapshots.removeClones(context, key, options);
  }

  remove(context: string, options: CallOptions): Promise<void> {
    return this.parts.provisioning.remove(context, options);
  }

  verify(context: string, options: VerificationOptions): Promise<Verified> {
    return this.parts.verification.verify(context, options);
  }

  /** Before any job goes on after a start: what shall be attached is, what shall be exported is, folds end. */
  recover(options: CallOptions): Promise<RecoveryReport> {
    return this.parts.recovery.recover(options);
  }

  /** Where the NBD channels of a VMA go. */
  nbdSocketFor(vmaId: string): string {
    return this.parts.daemons.nbdSocketFor(vmaId);
  }

  leftBehind(): Promise<LeftBehind> {
    return this.parts.leftBehind();
  }

  /** Stops the daemons. The exports' rows stay, so that the next start brings them back. */
  close(): Promise<void> {
    return this.parts.daemons.close();
  }
}

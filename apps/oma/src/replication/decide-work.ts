import type { WorkReason } from '@ossea/core';

/** What identifies a disk and the moment its changes are counted from. */
export interface DiskLineage {
  readonly hostId: string;
  readonly vmId: string;
  readonly diskKey: string;
  readonly backing: string;
  readonly sizeBytes: number;
}
/** The same, as the last sealed recovery point recorded it. */
export interface SealedLineage extends DiskLineage {
  /** The token that the point was sealed with. */
  readonly changeToken: string | null;
  /** The same, as long as the source has not said that it means nothing any more. */
  readonly token: string | undefined;
  readonly generation: number;
}
export interface WorkDecision {
  readonly kind: 'full' | 'incremental';
  /** Why this disk is copied in full, or that nothing stands against an incremental cycle. */
  readonly reason: WorkReason;
  /** What the source said about it, where it said anything. */
  readonly because?: string;
}

/** Every one of these must be what the last sealed recovery point recorded; the first that is not explains the full cycle. */
const MUST_MATCH: readonly { readonly field: keyof DiskLineage; readonly reason: WorkReason }[] = [
  { field: 'hostId', reason: 'host-changed' },
  { field: 'vmId', reason: 'vm-changed' },
  { field: 'diskKey', reason: 'disk-new' },
  { field: 'backing', reason: 'backing-changed' },
  { field: 'sizeBytes', reason: 'capacity-changed' },
];

/**
 * Decides whether a disk may be copied incrementally.
 * A wrong "incremental" silently loses data, a wrong "full" costs time: so everything must match.
 * @param disk what the source says now.
 * @param sealed what the last sealed recovery point says, if there is one.
 * @param generation the target's present generation.
 * @param canTrack whether the session grants changed-block tracking.
 */
export function decideWork(
  disk: DiskLineage,
  sealed: SealedLineage | undefined,
  generation: number,
  canTrack: boolean,
): WorkDecision {
  const full = (reason: WorkReason): WorkDecision => ({ kind: 'full', reason });
  if (!sealed) return full('first-cycle');
  if (!canTrack) return full('no-change-tracking');
  const broken = MUST_MATCH.find(({ field }) => disk[field] !== sealed[field]);
  if (broken) return full(broken.reason);
  if (sealed.generation !== generation) return full('target-changed');
  if (!sealed.changeToken) return full('no-change-token');
  if (!sealed.token) return full('tracking-reset');
  return { kind: 'incremental', reason: 'changes-known' };
}

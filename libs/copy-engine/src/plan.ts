import { CLUSTER_BYTES, type ByteRange, type ClusterDigest, type CopyRequest } from './port.js';
import { intersectRanges, mergeRanges, narrowRanges, subtractRanges, widenRanges } from './ranges.js';

/** A run of whole clusters (the last one of the disk may be shorter). */
export interface PlannedRange extends ByteRange {
  /** Whether the source says that all of it reads as zeroes. */
  readonly zero: boolean;
}

export interface CopyPlan {
  /** What must be read and written, or written as zeroes; sorted. */
  readonly work: readonly PlannedRange[];
  /** Zero clusters that a zeroed target need not be told about; journalled all the same. */
  readonly skipped: readonly ByteRange[];
}

/**
 * Decides what one copy has to do, before any journal is looked at.
 * @param zeroes ranges that the source says read as zeroes (from `base:allocation`); empty when it does not say.
 */
export function planCopy(
  work: CopyRequest['work'],
  sizeBytes: number,
  zeroes: readonly ByteRange[],
): CopyPlan {
  const wanted =
    work.kind === 'full'
      ? mergeRanges([{ offset: 0, length: sizeBytes }])
      : widenRanges(work.ranges, CLUSTER_BYTES, sizeBytes);
  // a cluster counts as zero only when all of it is: one byte of data makes it a data cluster
  const zeroClusters = narrowRanges(zeroes, CLUSTER_BYTES, sizeBytes);
  const zero = intersectRanges(wanted, zeroClusters);
  const data = subtractRanges(wanted, zeroClusters);
  const skip = work.kind === 'full' && work.targetIsZero;
  const planned = [
    ...data.map((range) => ({ ...range, zero: false })),
    ...(skip ? [] : zero.map((range) => ({ ...range, zero: true }))),
  ];
  return { work: planned.sort((a, b) => a.offset - b.offset), skipped: skip ? zero : [] };
}

/** Removes what a journal covers from planned work. */
export function withoutFinished(
  work: readonly PlannedRange[],
  finished: readonly ByteRange[],
): PlannedRange[] {
  const left = (zero: boolean): PlannedRange[] =>
    subtractRanges(
      work.filter((range) => range.zero === zero),
      finished,
    ).map((range) => ({ ...range, zero }));
  return [...left(false), ...left(true)].sort((a, b) => a.offset - b.offset);
}

/** The byte ranges of a journal's finished clusters; canonical. */
export function finishedRanges(
  finished: ReadonlyMap<number, ClusterDigest | undefined>,
  sizeBytes: number,
): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (const cluster of finished.keys()) {
    const offset = cluster * CLUSTER_BYTES;
    if (offset < sizeBytes) ranges.push({ offset, length: Math.min(CLUSTER_BYTES, sizeBytes - offset) });
  }
  return mergeRanges(ranges);
}

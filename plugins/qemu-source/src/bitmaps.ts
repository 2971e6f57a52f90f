import { randomInt } from 'node:crypto';

/** Changes are tracked in the clusters of which everything is made. */
export const GRANULARITY_BYTES = 65_536;
/** Bitmaps whose tokens nobody came back with: more than these are not kept. */
export const BITMAPS_KEPT = 6;

const STAMP_CHARS = 10;
const TRACKING = /^ossea-([0-9a-z]{10})$/;
const FROZEN = /^ossea-f-([0-9a-z]{10})$/;

/** Names one snapshot: sorts by the time it was taken, and is short enough for QEMU's node names. */
export function newStamp(nowMs = Date.now()): string {
  const random = randomInt(36).toString(36);
  return `${nowMs.toString(36).padStart(STAMP_CHARS - 1, '0')}${random}`;
}

/** The bitmap that records what is written after the snapshot of this stamp. */
export const trackingBitmap = (stamp: string): string => `ossea-${stamp}`;
/** What that bitmap held at the moment of the present snapshot: it changes no more. */
export const frozenBitmap = (stamp: string): string => `ossea-f-${stamp}`;

/** The stamp of a bitmap of ours that records; `undefined` for every other one: those are never touched. */
export const trackingStamp = (name: string): string | undefined => TRACKING.exec(name)?.[1];
export const isOurs = (name: string): boolean => TRACKING.test(name) || FROZEN.test(name);

/** A bitmap as QEMU tells of it. */
export interface KnownBitmap {
  readonly name: string;
  /**
   * Whether what it says can be believed: it has recorded every write since it was made. An image that was not
   * closed has bitmaps that have not, and so has one that somebody switched off.
   */
  readonly complete: boolean;
  readonly granularityBytes: number;
  /** How much it marks. */
  readonly dirtyBytes: number;
}

/** What to do with the bitmaps of one disk when a snapshot is taken. */
export interface BitmapPlan {
  /** Stamps whose changes until now can be told, oldest first. */
  readonly usable: readonly string[];
  /** Bitmaps of ours that are of no use any more. */
  readonly drop: readonly string[];
}

export function planBitmaps(bitmaps: readonly KnownBitmap[]): BitmapPlan {
  const usable: string[] = [];
  const drop: string[] = [];
  for (const { name, complete, granularityBytes } of bitmaps) {
    const stamp = trackingStamp(name);
    if (stamp !== undefined && complete && granularityBytes === GRANULARITY_BYTES) usable.push(stamp);
    else if (isOurs(name)) drop.push(name);
  }
  usable.sort();
  const old = usable.splice(0, Math.max(0, usable.length - BITMAPS_KEPT));
  return { usable, drop: [...drop, ...old.map(trackingBitmap)] };
}

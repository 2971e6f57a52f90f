import type { Extent } from '@ossea/plugin-sdk';
import { reset } from './change-token.js';

/** One answer of QueryChangedDiskAreas: what changed within `[startOffset, startOffset + length)`. */
export interface ChangedAreasPage {
  readonly startOffset: number;
  readonly length: number;
  readonly changedArea?: readonly { readonly start: number; readonly length: number }[];
}

/**
 * All changed areas of a disk, over as many answers as it takes: vSphere tells about 2000 areas in one.
 * Sorted and merged, within the disk.
 *
 * The walk ends at `>=`, and an answer that does not move on is refused: a walk that tested `==` ran for ever on an
 * answer of length 0, and one that stopped at the first answer without areas lost all changes behind it.
 * Throws `tracking.reset` for answers that make no sense; the caller then copies in full.
 * @param query asks for the areas from an offset on. Never called at or beyond the capacity, which is a fault there.
 */
export async function* changedAreas(
  capacityBytes: number,
  query: (startOffset: number) => Promise<ChangedAreasPage>,
): AsyncGenerator<Extent> {
  let offset = 0;
  let pending: Extent | undefined;
  while (offset < capacityBytes) {
    const page = await query(offset);
    const next = page.startOffset + page.length;
    if (!Number.isSafeInteger(next) || page.startOffset > offset || next <= offset)
      throw reset(`The host told nothing of the disk from byte ${offset} on.`);
    for (const area of (page.changedArea ?? []).toSorted((a, b) => a.start - b.start)) {
      if (area.start >= next) throw reset('The host told a changed area outside of what it answered for.');
      // what lies before was told before
      const extent = within(area, offset, capacityBytes);
      if (!extent) continue;
      const end: number = pending ? pending.offset + pending.length : -1;
      if (pending && extent.offset <= end)
        pending = {
          offset: pending.offset,
          length: Math.max(end, extent.offset + extent.length) - pending.offset,
        };
      else {
        if (pending) yield pending;
        pending = extent;
      }
    }
    offset = next;
  }
  if (pending) yield pending;
}

function within(
  { start, length }: { readonly start: number; readonly length: number },
  from: number,
  capacityBytes: number,
): Extent | undefined {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(length) || start < 0 || length < 0)
    throw reset('The host told a changed area that is none.');
  const offset = Math.max(start, from);
  const end = Math.min(start + length, capacityBytes);
  return end > offset ? { offset, length: end - offset } : undefined;
}

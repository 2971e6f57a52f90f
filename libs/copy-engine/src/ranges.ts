import { MigrationError } from '@ossea/errors';
import type { ByteRange } from './port.js';

/*
 * Pure arithmetic on lists of half-open byte ranges. "Canonical" means sorted, without overlap,
 * without touching neighbours and without empty ranges.
 */

function checked(range: ByteRange): ByteRange {
  const { offset, length } = range;
  if (
    !Number.isSafeInteger(offset) ||
    !Number.isSafeInteger(length) ||
    offset < 0 ||
    length < 0 ||
    !Number.isSafeInteger(offset + length)
  ) {
    throw new MigrationError('request.invalid', `The range at ${offset} of ${length} bytes is impossible.`, {
      context: { offset, length },
    });
  }
  return range;
}

/** The same bytes in canonical form. Throws `request.invalid` for negative, fractional or unsafe numbers. */
export function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const sorted = ranges
    .map(checked)
    .filter((range) => range.length > 0)
    .sort((a, b) => a.offset - b.offset);
  const merged: { offset: number; length: number }[] = [];
  for (const { offset, length } of sorted) {
    const last = merged.at(-1);
    if (last && offset <= last.offset + last.length) {
      last.length = Math.max(last.length, offset + length - last.offset);
    } else merged.push({ offset, length });
  }
  return merged;
}

/**
 * Every unit that a range touches, whole, cut at `sizeBytes`; canonical. Widening is always right for a copy,
 * because the snapshot is the truth for every byte of it.
 * @param unitBytes the cluster size.
 */
export function widenRanges(ranges: readonly ByteRange[], unitBytes: number, sizeBytes: number): ByteRange[] {
  const widened = mergeRanges(ranges).flatMap(({ offset, length }) => {
    if (offset >= sizeBytes) return [];
    const from = Math.floor(offset / unitBytes) * unitBytes;
    const to = Math.min(Math.ceil((offset + length) / unitBytes) * unitBytes, sizeBytes);
    return to > from ? [{ offset: from, length: to - from }] : [];
  });
  return mergeRanges(widened);
}

/** Only the units that lie within the ranges as a whole (the last unit may be cut at `sizeBytes`); canonical. */
export function narrowRanges(
  ranges: readonly ByteRange[],
  unitBytes: number,
  sizeBytes: number,
): ByteRange[] {
  return mergeRanges(ranges).flatMap(({ offset, length }) => {
    const end = offset + length;
    const from = Math.ceil(offset / unitBytes) * unitBytes;
    const to = end >= sizeBytes ? sizeBytes : Math.floor(end / unitBytes) * unitBytes;
    return to > from ? [{ offset: from, length: to - from }] : [];
  });
}

/** The bytes in both lists; canonical. */
export function intersectRanges(a: readonly ByteRange[], b: readonly ByteRange[]): ByteRange[] {
  const left = mergeRanges(a);
  const right = mergeRanges(b);
  const both: ByteRange[] = [];
  for (let i = 0, j = 0; ;) {
    const x = left[i];
    const y = right[j];
    if (!x || !y) return mergeRanges(both);
    const from = Math.max(x.offset, y.offset);
    const to = Math.min(x.offset + x.length, y.offset + y.length);
    if (to > from) both.push({ offset: from, length: to - from });
    if (x.offset + x.length <= y.offset + y.length) i += 1;
    else j += 1;
  }
}

/** The bytes of `a` that are not in `b`; canonical. */
export function subtractRanges(a: readonly ByteRange[], b: readonly ByteRange[]): ByteRange[] {
  const holes = mergeRanges(b);
  const left: ByteRange[] = [];
  let j = 0;
  for (const { offset, length } of mergeRanges(a)) {
    const end = offset + length;
    let at = offset;
    for (; ; j += 1) {
      const hole = holes[j];
      if (!hole || hole.offset >= end) break;
      if (hole.offset > at) left.push({ offset: at, length: hole.offset - at });
      at = Math.max(at, hole.offset + hole.length);
      // the hole may reach into the next range: it is looked at again
      if (at > end || hole.offset + hole.length > end) break;
    }
    if (at < end) left.push({ offset: at, length: end - at });
  }
  return left;
}

/** Total length of ranges that do not overlap, in bytes. */
export function sumRanges(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, range) => sum + range.length, 0);
}

/** The same bytes in pieces of at most `maxBytes`, in order; lazily, because a disk has millions of them. */
export function* splitRanges<R extends ByteRange>(ranges: Iterable<R>, maxBytes: number): Generator<R> {
  for (const range of ranges) {
    const end = range.offset + range.length;
    for (let offset = range.offset; offset < end; offset += maxBytes) {
      yield { ...range, offset, length: Math.min(maxBytes, end - offset) };
    }
  }
}

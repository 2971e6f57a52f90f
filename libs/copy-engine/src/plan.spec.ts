import fc from 'fast-check';
import { expect, it } from 'vitest';
import { finishedRanges, planCopy, withoutFinished } from './plan.js';
import { CLUSTER_BYTES, type ByteRange } from './port.js';
import { mergeRanges, sumRanges } from './ranges.js';

const CLUSTERS = 12;
const SECTOR = 512;
const PER_CLUSTER = CLUSTER_BYTES / SECTOR;

/** Ranges in sectors, many of which end at or beside a cluster border. */
const sector = fc.oneof(
  fc.nat(CLUSTERS * PER_CLUSTER),
  fc.nat(CLUSTERS).map((cluster) => cluster * PER_CLUSTER),
  fc.nat(CLUSTERS - 1).map((cluster) => cluster * PER_CLUSTER + 1),
);
const someRanges = fc.array(
  fc.tuple(sector, sector).map(([a, b]): ByteRange => ({
    offset: Math.min(a, b) * SECTOR,
    length: Math.abs(a - b) * SECTOR,
  })),
  { maxLength: 6 },
);
const size = fc.integer({ min: 1, max: CLUSTERS * PER_CLUSTER }).map((sectors) => sectors * SECTOR);

function touches(list: readonly ByteRange[], from: number, to: number): boolean {
  return list.some(({ offset, length }) => length > 0 && offset < to && from < offset + length);
}
function covers(list: readonly ByteRange[], from: number, to: number): boolean {
  return mergeRanges(list).some(({ offset, length }) => offset <= from && to <= offset + length);
}

it('every cluster is planned as the model says, whatever the ranges', () => {
  fc.assert(
    fc.property(
      size,
      someRanges,
      someRanges,
      fc.constantFrom('changed', 'full', 'full-zeroed'),
      (sizeBytes, changed, zeroes, kind) => {
        const work =
          kind === 'changed'
            ? ({ kind, ranges: changed } as const)
            : ({ kind: 'full', targetIsZero: kind === 'full-zeroed' } as const);
        const plan = planCopy(work, sizeBytes, zeroes);
        const clipped = zeroes
          .filter((range) => range.offset < sizeBytes)
          .map(({ offset, length }) => ({ offset, length: Math.min(length, sizeBytes - offset) }));
        for (let from = 0; from < sizeBytes; from += CLUSTER_BYTES) {
          const to = Math.min(from + CLUSTER_BYTES, sizeBytes);
          const wanted = kind !== 'changed' || touches(changed, from, to);
          const zero = covers(clipped, from, to);
          const skipped = wanted && zero && kind === 'full-zeroed';
          const is = (flag: boolean): ByteRange[] => plan.work.filter((range) => range.zero === flag);
          expect(covers(is(false), from, to)).toBe(wanted && !zero);
          expect(covers(is(true), from, to)).toBe(wanted && zero && !skipped);
          expect(covers(plan.skipped, from, to)).toBe(skipped);
        }
        const all = [...plan.work, ...plan.skipped];
        expect(sumRanges(all)).toBe(sumRanges(mergeRanges(all)));
        for (const { offset, length } of all) {
          expect(offset % CLUSTER_BYTES).toBe(0);
          expect(length % CLUSTER_BYTES === 0 || offset + length === sizeBytes).toBe(true);
        }
      },
    ),
    { numRuns: 400 },
  );
});

it('what a journal covers is not done again, and nothing else is left out', () => {
  fc.assert(
    fc.property(size, someRanges, fc.uniqueArray(fc.nat(CLUSTERS)), (sizeBytes, zeroes, clusters) => {
      const { work } = planCopy({ kind: 'full', targetIsZero: false }, sizeBytes, zeroes);
      const finished = finishedRanges(new Map(clusters.map((cluster) => [cluster, undefined])), sizeBytes);
      const left = withoutFinished(work, finished);
      for (let from = 0; from < sizeBytes; from += CLUSTER_BYTES) {
        const to = Math.min(from + CLUSTER_BYTES, sizeBytes);
        expect(covers(left, from, to)).toBe(!clusters.includes(from / CLUSTER_BYTES));
      }
      expect(left).toEqual([...left].sort((a, b) => a.offset - b.offset));
    }),
  );
});

it('plans a sparse disk of many terabytes at once', () => {
  const sizeBytes = 60 * 2 ** 40 + 512;
  const plan = planCopy({ kind: 'full', targetIsZero: true }, sizeBytes, [
    { offset: 0, length: 2 ** 45 },
    { offset: 2 ** 45 + 1, length: sizeBytes - 2 ** 45 - 1 },
  ]);
  expect(plan.work).toEqual([{ offset: 2 ** 45, length: CLUSTER_BYTES, zero: false }]);
  expect(sumRanges(plan.skipped)).toBe(sizeBytes - CLUSTER_BYTES);
});

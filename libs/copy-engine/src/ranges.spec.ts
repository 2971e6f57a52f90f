import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteRange } from './port.js';
import {
  intersectRanges,
  mergeRanges,
  narrowRanges,
  splitRanges,
  subtractRanges,
  sumRanges,
  widenRanges,
} from './ranges.js';

const SPACE = 96;
const range = fc.record({ offset: fc.nat(SPACE), length: fc.nat(24) });
const ranges = fc.array(range, { maxLength: 12 });

/** The model: one boolean per byte. */
function bytes(list: readonly ByteRange[], space = SPACE + 32): boolean[] {
  const set = Array.from({ length: space }, () => false);
  for (const { offset, length } of list) set.fill(true, offset, offset + length);
  return set;
}

function expectCanonical(list: readonly ByteRange[]): void {
  list.forEach(({ offset, length }, i) => {
    expect(length).toBeGreaterThan(0);
    const before = list[i - 1];
    if (before) expect(offset).toBeGreaterThan(before.offset + before.length);
  });
}

describe('ranges equal the byte-for-byte model', () => {
  it('merge', () => {
    fc.assert(
      fc.property(ranges, (a) => {
        const merged = mergeRanges(a);
        expectCanonical(merged);
        expect(bytes(merged)).toEqual(bytes(a));
        expect(sumRanges(merged)).toBe(bytes(a).filter(Boolean).length);
      }),
    );
  });

  it('intersect and subtract', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const [x, y] = [bytes(a), bytes(b)];
        const both = intersectRanges(a, b);
        const rest = subtractRanges(a, b);
        expectCanonical(both);
        expectCanonical(rest);
        expect(bytes(both)).toEqual(x.map((bit, i) => bit && y[i] === true));
        expect(bytes(rest)).toEqual(x.map((bit, i) => bit && y[i] !== true));
      }),
      { numRuns: 500 },
    );
  });

  it('widen to every touched unit, narrow to every whole unit, with a partial last unit', () => {
    fc.assert(
      fc.property(
        ranges,
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: SPACE }),
        (a, unit, size) => {
          const model = bytes(a).slice(0, size);
          const units = Array.from({ length: Math.ceil(size / unit) }, (_, i) =>
            model.slice(i * unit, (i + 1) * unit),
          );
          const expand = (keep: (bits: boolean[]) => boolean): boolean[] =>
            units.flatMap((bits) => bits.map(() => keep(bits)));
          const wide = widenRanges(a, unit, size);
          const cut = narrowRanges(a, unit, size);
          expectCanonical(wide);
          expectCanonical(cut);
          expect(bytes(wide).slice(0, size)).toEqual(expand((bits) => bits.includes(true)));
          expect(bytes(cut).slice(0, size)).toEqual(expand((bits) => !bits.includes(false)));
          for (const { offset, length } of [...wide, ...cut])
            expect(offset + length).toBeLessThanOrEqual(size);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('split keeps the bytes and the bound', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 20 }), (a, max) => {
        const merged = mergeRanges(a);
        const pieces = [...splitRanges(merged, max)];
        expect(mergeRanges(pieces)).toEqual(merged);
        expect(sumRanges(pieces)).toBe(sumRanges(merged));
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(max);
      }),
    );
  });
});

describe('ranges at their limits', () => {
  it('handles runs far above 4 GiB', () => {
    const big = { offset: 3 * 2 ** 40 + 1, length: 5 * 2 ** 32 };
    expect(widenRanges([big], 65_536, 2 ** 45)).toEqual([
      { offset: 3 * 2 ** 40, length: 5 * 2 ** 32 + 65_536 },
    ]);
    expect(subtractRanges([big], [{ offset: big.offset, length: 2 ** 33 }])).toEqual([
      { offset: big.offset + 2 ** 33, length: 3 * 2 ** 32 },
    ]);
  });

  it.each([
    { offset: -1, length: 1 },
    { offset: 0, length: -1 },
    { offset: 0.5, length: 1 },
    { offset: Number.NaN, length: 1 },
    { offset: Number.MAX_SAFE_INTEGER, length: 2 },
    { offset: 0, length: Number.POSITIVE_INFINITY },
  ])('refuses $offset + $length', (impossible) => {
    expect(() => mergeRanges([impossible])).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  });

  it('drops empty ranges and what lies beyond the end', () => {
    expect(widenRanges([{ offset: 5, length: 0 }], 4, 100)).toEqual([]);
    expect(widenRanges([{ offset: 200, length: 9 }], 4, 100)).toEqual([]);
    expect(widenRanges([{ offset: 98, length: 500 }], 4, 99)).toEqual([{ offset: 96, length: 3 }]);
  });
});

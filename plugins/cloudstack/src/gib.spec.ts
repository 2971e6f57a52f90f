import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GIB, wholeGib } from './gib.js';

describe('the size of a volume', () => {
  it.each([
    [512, 1],
    [GIB - 512, 1],
    [GIB, 1],
    [GIB + 512, 2],
    [40 * GIB, 40],
  ])('of a disk of %i bytes is %i GiB', (bytes, gib) => {
    expect(wholeGib(bytes)).toBe(gib);
  });

  it('holds the disk, and not a whole GiB more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (sectors) => {
        const room = wholeGib(sectors * 512) * GIB - sectors * 512;
        expect(room).toBeGreaterThanOrEqual(0);
        expect(room).toBeLessThan(GIB);
      }),
    );
  });

  it.each([0, -512, 511, 513, Number.NaN, Number.MAX_VALUE])('refuses %d bytes', (bytes) => {
    expect(() => wholeGib(bytes)).toThrowError(
      expect.objectContaining({ code: 'disk.size-invalid' }) as Error,
    );
  });
});

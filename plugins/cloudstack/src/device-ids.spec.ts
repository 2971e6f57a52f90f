import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceIdOf, freeDeviceId } from './device-ids.js';

describe('the device id of a disk', () => {
  it('is its place, but never that of the CD-ROM', () => {
    expect([0, 1, 2, 3, 4, 5].map(deviceIdOf)).toEqual([0, 1, 2, 4, 5, 6]);
  });

  it('of a data disk is free, is the lowest, and is neither the root nor the CD-ROM', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 40 })),
        fc.integer({ min: 1, max: 32 }),
        (used, most) => {
          const free = freeDeviceId(used, most);
          const possible = Array.from({ length: most }, (_, i) => deviceIdOf(i + 1)).filter(
            (id) => !used.includes(id),
          );
          expect(free).toBe(possible[0]);
          if (free !== undefined) expect([0, 3]).not.toContain(free);
        },
      ),
    );
  });
});

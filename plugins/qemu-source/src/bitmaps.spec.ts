import { expect, it } from 'vitest';
import {
  BITMAPS_KEPT,
  GRANULARITY_BYTES,
  newStamp,
  planBitmaps,
  trackingBitmap,
  trackingStamp,
} from './bitmaps.js';

const good = (name: string) => ({
  name,
  complete: true,
  granularityBytes: GRANULARITY_BYTES,
  dirtyBytes: 0,
});

it('stamps sort by time and give their bitmap', () => {
  const [first, second] = [newStamp(1_700_000_000_000), newStamp(1_700_000_000_001)];
  expect(first < second).toBe(true);
  expect(trackingStamp(trackingBitmap(first))).toBe(first);
});

it('uses what can be believed, drops what cannot, and leaves foreign bitmaps alone', () => {
  const stamp = newStamp();
  const plan = planBitmaps([
    good(trackingBitmap(stamp)),
    { ...good(trackingBitmap('0000000001')), complete: false },
    { ...good(trackingBitmap('0000000002')), granularityBytes: 4096 },
    good('ossea-f-0000000003'),
    good('backup-of-somebody'),
  ]);
  expect(plan.usable).toEqual([stamp]);
  expect(plan.drop).toEqual(['ossea-0000000001', 'ossea-0000000002', 'ossea-f-0000000003']);
});

it('keeps the newest few', () => {
  const stamps = Array.from({ length: BITMAPS_KEPT + 2 }, (_, index) => `000000000${index}`);
  const plan = planBitmaps(stamps.map((stamp) => good(trackingBitmap(stamp))));
  expect(plan.usable).toEqual(stamps.slice(2));
  expect(plan.drop).toEqual(['ossea-0000000000', 'ossea-0000000001']);
});

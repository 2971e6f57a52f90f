import { expect, it } from 'vitest';
import { Backoff } from './index.js';

it('doubles up to its cap, jitters within the upper half, and starts over', () => {
  const low = new Backoff(500, 15_000, () => 0);
  expect([low.next(), low.next(), low.next()]).toEqual([250, 500, 1_000]);
  const high = new Backoff(500, 15_000, () => 0.999_999);
  const waits = Array.from({ length: 40 }, () => high.next());
  expect(Math.max(...waits)).toBe(15_000);
  expect(waits.at(-1)).toBe(15_000);
  high.reset();
  expect(high.next()).toBe(500);
});

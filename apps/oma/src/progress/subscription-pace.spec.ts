import { expect, it } from 'vitest';
import { SubscriptionPace } from './subscription-pace.js';

it('lets each caller ask so often in ten seconds, whatever the others do', () => {
  let nowMs = 0;
  const pace = new SubscriptionPace(() => nowMs);
  const asked = (caller: string, times: number) =>
    Array.from({ length: times }, () => pace.isInTime(caller)).filter(Boolean).length;
  expect(asked('one', 25)).toBe(20);
  expect(asked('other', 1)).toBe(1);
  nowMs = 10_000;
  expect(asked('one', 1)).toBe(0);
  nowMs = 10_001;
  expect(asked('one', 25)).toBe(20);
});

import { expect, it } from 'vitest';
import { AskSchedule } from './ask-schedule.js';

it('asks at once, then every so often, then more and more rarely', () => {
  let nowMs = 0;
  const schedule = new AskSchedule(2_000, 30_000, () => nowMs);
  const asked: number[] = [];
  for (; nowMs <= 3_600_000; nowMs += 500) if (schedule.due()) asked.push(nowMs);
  expect(asked.slice(0, 4)).toEqual([0, 2_000, 4_000, 6_000]);
  const gaps = asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
  expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
  expect(gaps.at(-1)).toBe(30_000);
  // an hour without an answer: far from one question every two seconds
  expect(asked.length).toBeLessThan(200);
});

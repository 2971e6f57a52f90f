import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TurnTaking } from './turn-taking.js';

const never = new Promise<never>(() => undefined);
let turns: TurnTaking;
const began: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  began.length = 0;
  turns = new TurnTaking({ each: { perSecond: 2, burst: 3 }, all: { perSecond: 10, burst: 8 } }, () =>
    Date.now(),
  );
});
afterEach(() => {
  turns.close();
  vi.useRealTimers();
});

function ask(address: string, gaveUp: Promise<unknown> = never): void {
  void turns.turn(address, gaveUp).then((mayGo) => began.push(`${address} ${mayGo}`));
}

const count = (address: string) => began.filter((one) => one === `${address} true`).length;

it('lets an address begin a few at once, then so many a second', async () => {
  for (let i = 0; i < 10; i += 1) ask('a');
  await vi.advanceTimersByTimeAsync(0);
  expect(count('a')).toBe(3);
  // a little more than the second: the clock's steps are rounded
  await vi.advanceTimersByTimeAsync(1_050);
  expect(count('a')).toBe(5);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(count('a')).toBe(9);
});

it('holds up nobody behind an address that asks too often', async () => {
  for (let i = 0; i < 100; i += 1) ask('flood');
  ask('vma');
  await vi.advanceTimersByTimeAsync(0);
  expect(count('vma')).toBe(1);
});

it('gives a newcomer of a busy address its turn in the order they came', async () => {
  for (let i = 0; i < 6; i += 1) ask('a');
  ask('a');
  await vi.advanceTimersByTimeAsync(2_050);
  expect(count('a')).toBe(7);
});

it('serves all together no faster than it may', async () => {
  for (let i = 0; i < 50; i += 1) ask(`10.0.0.${i}`);
  await vi.advanceTimersByTimeAsync(0);
  expect(began).toHaveLength(8);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(began.length).toBeGreaterThanOrEqual(17);
  expect(began.length).toBeLessThanOrEqual(19);
});

it('makes who wastes turns come more seldom, never for longer than its burst, and nobody else', async () => {
  for (let i = 0; i < 3; i += 1) ask('a');
  turns.charge('a', 2);
  ask('a');
  ask('b');
  await vi.advanceTimersByTimeAsync(1_000);
  expect([count('a'), count('b')]).toEqual([3, 1]);
  await vi.advanceTimersByTimeAsync(550);
  expect(count('a')).toBe(4);
  for (let i = 0; i < 50; i += 1) turns.charge('a', 2);
  ask('a');
  await vi.advanceTimersByTimeAsync(2_050);
  expect(count('a')).toBe(5);
});

it('spends no turn on those who gave up', async () => {
  let giveUp: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (giveUp = resolve));
  for (let i = 0; i < 3; i += 1) ask('a');
  for (let i = 0; i < 5; i += 1) ask('a', gone);
  ask('a');
  await vi.advanceTimersByTimeAsync(0);
  giveUp();
  await vi.advanceTimersByTimeAsync(550);
  expect(began.filter((one) => one === 'a false')).toHaveLength(5);
  expect(count('a')).toBe(4);
  expect(turns.size).toBe(0);
});

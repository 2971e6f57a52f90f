import { expect, it } from 'vitest';
import { KeyUse } from './key-use.js';

const never = new AbortController().signal;

it('waits for an operation that has not said yet which key it uses, and not for those that begin later', async () => {
  const use = new KeyUse();
  const ends: (() => void)[] = [];
  const begin = () => use.during(() => new Promise<void>((resolve) => ends.push(resolve)));
  const [first] = [begin()];
  let passed: boolean | undefined;
  const waiting = use.passed(60_000, never).then((all) => (passed = all));
  const second = begin();
  await Promise.resolve();
  expect(passed).toBeUndefined();
  ends[0]?.();
  await first;
  await waiting;
  expect(passed).toBe(true);
  ends[1]?.();
  await second;
});

it('says so when it waited in vain, and ends with its job', async () => {
  const use = new KeyUse();
  let end: () => void = () => undefined;
  const running = use.during(() => new Promise<void>((resolve) => (end = resolve)));
  expect(await use.passed(20, never)).toBe(false);
  await expect(use.passed(60_000, AbortSignal.abort())).rejects.toMatchObject({ code: 'call.aborted' });
  end();
  await running;
  expect(await use.passed(0, never)).toBe(true);
});

it('holds a key until the operation that noted it has ended', async () => {
  const use = new KeyUse();
  await use.during(async () => {
    use.note('a');
    await Promise.resolve();
    expect(use.isHeld('a')).toBe(true);
  });
  expect(use.isHeld('a')).toBe(false);
});

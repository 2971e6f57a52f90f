import { beforeEach, describe, expect, it } from 'vitest';
import { AttemptLimiter } from './attempt-limiter.js';
import { networkOf } from '@ossea/tunnel';

let now = 0;
let limiter: AttemptLimiter;
beforeEach(() => {
  now = 1_000_000;
  limiter = new AttemptLimiter(5, () => now);
});

function waitOf(address: string): number {
  try {
    limiter.check(networkOf(address));
    return 0;
  } catch (error) {
    expect(error).toMatchObject({ code: 'access.throttled' });
    return (error as { context: { retryAfterSeconds: number } }).context.retryAfterSeconds;
  }
}

const fail = (address: string, times: number): void => {
  for (let i = 0; i < times; i += 1) limiter.failed(networkOf(address));
};

describe('wrong attempts', () => {
  it('cost nothing at first, then twice as long each time, and never more than five minutes', () => {
    const waits = Array.from({ length: 16 }, () => {
      limiter.failed('10.0.0.1');
      return waitOf('10.0.0.1');
    });
    expect(waits.slice(0, 8)).toEqual([0, 0, 0, 0, 1, 2, 4, 8]);
    expect(waits.at(-1)).toBe(300);
  });

  it('are over after the wait, counted on, and forgotten after a success or a quarter of an hour', () => {
    fail('10.0.0.1', 6);
    now += 2_000;
    expect(waitOf('10.0.0.1')).toBe(0);
    limiter.failed('10.0.0.1');
    expect(waitOf('10.0.0.1')).toBe(4);
    limiter.succeeded('10.0.0.1');
    fail('10.0.0.1', 4);
    expect(waitOf('10.0.0.1')).toBe(0);
    limiter.failed('10.0.0.1');
    now += 901_000;
    limiter.failed('10.0.0.1');
    expect(waitOf('10.0.0.1')).toBe(0);
  });

  it.each([
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.1', '::ffff:10.0.0.1', true],
    ['2001:db8:1:2::5', '2001:db8:1:2:ffff:1:1:1', true],
    ['2001:db8:1:2::5', '2001:db8:1:3::5', false],
    ['fe80::1%eth0', 'fe80::2%eth1', true],
    ['::1', '::2', true],
  ])('of %s and of %s are those of one caller: %s', (one, other, same) => {
    fail(one, 5);
    expect(waitOf(other) > 0).toBe(same);
  });

  it('of ever new addresses do not fill the memory, and the newest still count', () => {
    for (let i = 0; i < 20_000; i += 1) fail(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 5);
    expect(waitOf('10.0.0.0')).toBe(0);
    expect(waitOf('10.0.78.31')).toBe(1);
  });
});

import { ERRORS, type ErrorCode } from '@ossea/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RETRY_RULES, retryDelayMs, retryRule, type RetryRule } from './retry-policy.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];
const aRule: fc.Arbitrary<RetryRule> = fc.record({
  attempts: fc.integer({ min: 1, max: 50 }),
  firstDelayMs: fc.integer({ min: 0, max: 60_000 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  maxDelayMs: fc.integer({ min: 0, max: 600_000 }),
});
const aJitter = fc.double({ min: 0, max: 1, noNaN: true });
const aFailure = fc.integer({ min: 1, max: 100 });

describe('retryDelayMs', () => {
  it('never shrinks from one try to the next', () => {
    fc.assert(
      fc.property(aRule, aFailure, aJitter, (rule, failed, jitter) => {
        expect(retryDelayMs(rule, failed + 1, jitter)).toBeGreaterThanOrEqual(
          retryDelayMs(rule, failed, jitter),
        );
      }),
    );
  });

  it('stays in the upper half of the delay, and below the longest', () => {
    fc.assert(
      fc.property(aRule, aFailure, aJitter, (rule, failed, jitter) => {
        const full = retryDelayMs(rule, failed, 1);
        const delay = retryDelayMs(rule, failed, jitter);
        expect(full).toBeLessThanOrEqual(rule.maxDelayMs);
        expect(delay).toBeLessThanOrEqual(full);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(full / 2));
        expect(Number.isInteger(delay)).toBe(true);
      }),
    );
  });

  it('begins with the first delay', () => {
    const rule: RetryRule = { attempts: 3, firstDelayMs: 1_000, factor: 3, maxDelayMs: 5_000 };
    expect([1, 2, 3].map((failed) => retryDelayMs(rule, failed, 1))).toEqual([1_000, 3_000, 5_000]);
    expect(retryDelayMs(rule, 1, 0)).toBe(500);
  });
});

describe('retryRule', () => {
  it.each(CODES)('tries "%s" again exactly if its recovery says so', (code) => {
    expect(retryRule(code) !== undefined).toBe(ERRORS[code].recovery === 'retry');
  });

  it('has no rule of its own for a code that nobody tries again', () => {
    const named = Object.keys(RETRY_RULES) as ErrorCode[];
    expect(named.filter((code) => ERRORS[code].recovery !== 'retry')).toEqual([]);
  });

  it('waits about ten minutes for a path that is down', () => {
    const rule = retryRule('tunnel.down')!;
    const waits = Array.from({ length: rule.attempts - 1 }, (_, i) => retryDelayMs(rule, i + 1, 1));
    const minutes = waits.reduce((sum, ms) => sum + ms, 0) / 60_000;
    expect(minutes).toBeGreaterThan(9);
    expect(minutes).toBeLessThan(12);
  });
});

import { ERRORS, type ErrorCode } from '@ossea/errors';

/** How often a step is tried in one run, and how long the engine waits between two tries. */
export interface RetryRule {
  /** Tries without any progress in between; progress starts the count again. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
}

const ORDINARY: RetryRule = { attempts: 4, firstDelayMs: 1_000, factor: 3, maxDelayMs: 30_000 };
/** Something between the sites is down: about ten minutes of patience. */
const PATH_DOWN: RetryRule = { attempts: 25, firstDelayMs: 1_000, factor: 2, maxDelayMs: 30_000 };
/** Someone else is using it and will stop. */
const OCCUPIED: RetryRule = { attempts: 20, firstDelayMs: 2_000, factor: 2, maxDelayMs: 30_000 };
/** The way is known and needs no waiting: go back and do it in full. */
const GO_BACK: RetryRule = { attempts: 3, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };

/** Rules by error code; a code that is not named gets the ordinary rule if its recovery is `retry`. */
export const RETRY_RULES: Readonly<Partial<Record<ErrorCode, RetryRule>>> = {
  'tunnel.down': PATH_DOWN,
  'peer.unreachable': PATH_DOWN,
  'nbd.connection-lost': PATH_DOWN,
  'nbd.export-missing': PATH_DOWN,
  'copy.stalled': PATH_DOWN,
  'database.unavailable': PATH_DOWN,
  'volume.in-use': OCCUPIED,
  'resource.busy': OCCUPIED,
  'tracking.reset': GO_BACK,
  'disk.identity-changed': GO_BACK,
  'copy.incomplete': GO_BACK,
};

export type RetryRules = (code: ErrorCode) => RetryRule | undefined;

/** The rule for a code, or `undefined` when the operator must act first, or nothing helps. */
export const retryRule: RetryRules = (code) =>
  ERRORS[code].recovery === 'retry' ? (RETRY_RULES[code] ?? ORDINARY) : undefined;

/**
 * Milliseconds to wait before the next try.
 * @param failed tries that have failed without progress, from 1.
 * @param jitter 0 to 1; spreads the tries of many jobs over the upper half of the delay.
 */
export function retryDelayMs(rule: RetryRule, failed: number, jitter: number): number {
  const full = Math.min(rule.maxDelayMs, rule.firstDelayMs * rule.factor ** (failed - 1));
  return Math.round(full * (0.5 + jitter / 2));
}

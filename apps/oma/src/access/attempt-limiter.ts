import { MigrationError } from '@ossea/errors';

const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 300_000;
/** After so long without a failure all is forgotten. */
const FORGET_MS = 900_000;
const MAX_KEYS = 10_000;

interface Attempts {
  failures: number;
  lastMs: number;
  openAtMs: number;
}

/** Makes guessing slow, for each key by itself: others are not locked out by what one does. */
export class AttemptLimiter {
  private readonly records = new Map<string, Attempts>();

  /**
   * @param free failures that cost nothing: people mistype.
   * @param now replaceable in tests.
   */
  constructor(
    private readonly free = FREE_FAILURES,
    private readonly now: () => number = Date.now,
  ) {}

  /** Throws `access.throttled` while this key must wait. */
  check(key: string): void {
    const record = this.records.get(key);
    const waitMs = record ? record.openAtMs - this.now() : 0;
    if (waitMs <= 0) return;
    throw new MigrationError('access.throttled', 'There were too many wrong attempts.', {
      context: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
    });
  }

  failed(key: string): void {
    const now = this.now();
    const known = this.records.get(key);
    const failures = known && now - known.lastMs < FORGET_MS ? known.failures + 1 : 1;
    const waitMs =
      failures < this.free ? 0 : Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - this.free));
    // moved to the end: the one that was quiet longest is the first to be forgotten
    this.records.delete(key);
    this.records.set(key, { failures, lastMs: now, openAtMs: now + waitMs });
    const [oldest] = this.records.keys();
    if (this.records.size > MAX_KEYS && oldest !== undefined) this.records.delete(oldest);
  }

  succeeded(key: string): void {
    this.records.delete(key);
  }
}

/** Waits between attempts: exponential up to a cap, with full jitter so that many clients do not come back as one. */
export class Backoff {
  private attempt = 0;

  /**
   * @param firstMs upper bound of the first wait.
   * @param capMs upper bound of every wait.
   * @param random 0 ≤ n < 1; replaceable in tests.
   */
  constructor(
    private readonly firstMs = 500,
    private readonly capMs = 10_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait before the next attempt: between half of the bound and the bound. */
  next(): number {
    const boundMs = Math.min(this.capMs, this.firstMs * 2 ** Math.min(this.attempt, 20));
    this.attempt += 1;
    return Math.round(boundMs / 2 + (this.random() * boundMs) / 2);
  }

  reset(): void {
    this.attempt = 0;
  }
}

/** When to ask again: often while the question is fresh, more rarely the longer it stays without an answer. */
export class AskSchedule {
  private readonly sinceMs: number;
  private nextMs: number;

  /**
   * @param everyMs shortest time between two questions.
   * @param atMostEveryMs longest time between two questions.
   * @param now replaceable in tests; milliseconds that never go back.
   */
  constructor(
    private readonly everyMs: number,
    private readonly atMostEveryMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.sinceMs = now();
    this.nextMs = this.sinceMs;
  }

  /** Whether it is time; a yes counts as asked. */
  due(): boolean {
    const now = this.now();
    if (now < this.nextMs) return false;
    // a tenth of the time it took so far: an answer is never noticed much later than it was given
    const waitMs = Math.min(this.atMostEveryMs, Math.max(this.everyMs, (now - this.sinceMs) / 10));
    this.nextMs = now + waitMs;
    return true;
  }
}

/** A subscription may cost a whole snapshot; a client that lost its place asks for one now and then. */
const PER_WINDOW = 20;
const WINDOW_MS = 10_000;

/** How often each caller of the feed may ask where everything stands, over however many sockets, one after the other too. */
export class SubscriptionPace {
  private readonly windows = new Map<string, { sinceMs: number; count: number }>();

  /** @param now milliseconds that never go back; replaceable in tests. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Counts one request of this caller; false when there are too many. */
  isInTime(caller: string): boolean {
    const nowMs = this.now();
    const known = this.windows.get(caller);
    if (!known || nowMs - known.sinceMs > WINDOW_MS) {
      this.forgetOld(nowMs);
      this.windows.set(caller, { sinceMs: nowMs, count: 1 });
      return true;
    }
    known.count += 1;
    return known.count <= PER_WINDOW;
  }

  private forgetOld(nowMs: number): void {
    for (const [caller, { sinceMs }] of this.windows)
      if (nowMs - sinceMs > WINDOW_MS) this.windows.delete(caller);
  }
}

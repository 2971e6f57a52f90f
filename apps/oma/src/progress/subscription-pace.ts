/** A subscription may cost a whole snapshot; a client that lost its place asks for one now and then. */
const PER_WINDOW = 20;
const WINDOW_MS = 10_000;

/** How often each client of the feed may ask where everything stands. */
export class SubscriptionPace {
  private readonly windows = new WeakMap<object, { sinceMs: number; count: number }>();

  /** @param now milliseconds that never go back; replaceable in tests. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Counts one request of this client; false when there are too many. */
  isInTime(client: object): boolean {
    const nowMs = this.now();
    const known = this.windows.get(client);
    if (!known || nowMs - known.sinceMs > WINDOW_MS) {
      this.windows.set(client, { sinceMs: nowMs, count: 1 });
      return true;
    }
    known.count += 1;
    return known.count <= PER_WINDOW;
  }
}

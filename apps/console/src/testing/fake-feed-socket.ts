import type { FeedSocket } from '../app/platform/live/feed-socket';

interface Request {
  readonly event: string;
  readonly body: unknown;
  readonly answer: (value: unknown) => void;
  readonly fail: () => void;
}

/** The appliance's end of the feed, played by a test. */
export class FakeFeedSocket implements FeedSocket {
  readonly requests: Request[] = [];
  willReconnect = true;
  private readonly listeners = new Map<string, ((...values: unknown[]) => void)[]>();

  connect(): void {}
  disconnect(): void {}

  on(event: string, listener: (...values: unknown[]) => void): void {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
  }

  request(event: string, body: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.requests.push({ event, body, answer: resolve, fail: () => reject(new Error('no answer')) });
    });
  }

  /** Something happens at the socket: `connect`, `disconnect`, `event` … */
  happens(event: string, ...values: unknown[]): void {
    for (const listener of this.listeners.get(event) ?? []) listener(...values);
  }

  /** Answers the newest request, and lets the feed take the answer in. */
  async answer(value: unknown): Promise<void> {
    this.requests.at(-1)?.answer(value);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

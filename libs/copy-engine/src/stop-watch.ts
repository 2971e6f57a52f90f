import { MigrationError } from '@ossea/errors';
import type { NbdClient } from './nbd-client.js';

/** A request that was sent before a cancellation gets this long to be answered, so that nothing is written after it. */
const GRACE_MS = 500;

/** Ends a run that was cancelled or that makes no progress. */
export class StopWatch {
  private stopReason: MigrationError | undefined;
  private readonly clients = new Set<NbdClient>();
  private timer: NodeJS.Timeout | undefined;
  private grace: NodeJS.Timeout | undefined;
  private readonly reading = new AbortController();
  private readonly writing = new AbortController();

  constructor(
    private readonly cancel: AbortSignal,
    private readonly stallTimeoutMs: number,
  ) {
    cancel.addEventListener('abort', this.onCancel, { once: true });
    if (cancel.aborted) this.onCancel();
    this.progressed();
  }

  /** Fires when connections to this end must be dropped: the reading one at once, the writing one after the grace. */
  signal(end: 'source' | 'target'): AbortSignal {
    return end === 'source' ? this.reading.signal : this.writing.signal;
  }

  /** Throws `call.aborted` or `copy.stalled`; asked before every request. */
  check(): void {
    if (this.stopReason) throw this.stopReason;
  }

  /** The reason a request failed: a stop of ours explains it better than the lost connection it caused. */
  explain(error: unknown): unknown {
    return this.stopReason ?? error;
  }

  /** A request has finished: the copy is alive. */
  progressed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const message = `No request finished for ${this.stallTimeoutMs} ms.`;
      this.stop(new MigrationError('copy.stalled', message), true);
    }, this.stallTimeoutMs);
  }

  /** Adds a connection to those that `release` closes. */
  track(client: NbdClient): void {
    this.clients.add(client);
  }

  /** Waits, unless the run is stopped first. */
  async pause(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      const early = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.reading.signal.addEventListener('abort', early, { once: true });
      if (this.reading.signal.aborted) early();
    });
    this.check();
  }

  /** Ends all timers and connections; when it resolves, nothing of this run is under way. */
  async release(): Promise<void> {
    clearTimeout(this.timer);
    clearTimeout(this.grace);
    this.cancel.removeEventListener('abort', this.onCancel);
    await Promise.all([...this.clients].map((client) => client.close()));
  }

  private readonly onCancel = (): void => {
    this.stop(new MigrationError('call.aborted', 'The copy was cancelled.'), false);
  };

  private stop(reason: MigrationError, atOnce: boolean): void {
    this.stopReason ??= reason;
    this.reading.abort();
    if (atOnce) this.writing.abort();
    else this.grace = setTimeout(() => this.writing.abort(), GRACE_MS);
  }
}

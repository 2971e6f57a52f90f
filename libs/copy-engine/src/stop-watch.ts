import { MigrationError } from '@ossea/errors';
import type { NbdClient } from './nbd-client.js';

/**
 * A request that was sent before a cancellation gets this long to be answered: so nothing is written after it, and
 * no server is left in the middle of an answer (nbdkit 1.32 aborts then, with all its other clients).
 */
const GRACE_MS = 500;

/** Ends a run that was cancelled or that makes no progress. */
export class StopWatch {
  private stopReason: MigrationError | undefined;
  private readonly clients = new Set<NbdClient>();
  private timer: NodeJS.Timeout | undefined;
  private grace: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();
  private readonly dropping = new AbortController();

  constructor(
    private readonly cancel: AbortSignal,
    private readonly stallTimeoutMs: number,
  ) {
    cancel.addEventListener('abort', this.onCancel, { once: true });
    if (cancel.aborted) this.onCancel();
    this.progressed();
  }

  /** Fires when connections must be dropped. */
  get signal(): AbortSignal {
    return this.dropping.signal;
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
      const { signal } = this.stopping;
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, delayMs);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
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
    this.stopping.abort();
    if (atOnce) this.dropping.abort();
    else this.grace = setTimeout(() => this.dropping.abort(), GRACE_MS);
  }
}

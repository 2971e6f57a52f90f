import { asMigrationError, withDeadline } from '@ossea/errors';
import { Backoff } from './backoff.js';
import {
  TUNNEL_DIRECTIONS,
  healthAfter,
  initialHealth,
  type TunnelDirection,
  type TunnelHealth,
  type TunnelHealthEvent,
} from './tunnel-health.js';

/** How often a tunnel that is not well is asked, at the least. */
const ANXIOUS_MS = 5_000;
const PROBE_MS = 10_000;
const REMEMBERED = 8;
const RESTART_FIRST_MS = 15_000;
const RESTART_CAP_MS = 300_000;

export interface ProbeRates {
  /** Seconds between two probes while all is well. */
  readonly probeSeconds: number;
  /** The same while a copy runs. */
  readonly copyProbeSeconds: number;
}

export interface TunnelWatchOptions {
  /** For the log: which tunnel it is. */
  readonly name: string;
  /** The direction that this side can try, and answers for. */
  readonly direction: TunnelDirection;
  readonly rates: ProbeRates;
  /** Goes the whole way once; rejects when nothing answers. Gives the milliseconds it took. */
  readonly probe: (signal: AbortSignal) => Promise<number>;
  /** Cuts every connection, so that the tunnel comes anew. */
  readonly restart: (why: string) => void;
  readonly isCopying: () => boolean;
  /** What belongs into the story of a forced restart: bytes, connection numbers. */
  readonly facts?: () => Readonly<Record<string, string | number>>;
  readonly onChange?: (health: TunnelHealth, before: TunnelHealth) => void;
  readonly log: { warn(message: string): void };
  readonly now?: () => Date;
  readonly backoff?: Backoff;
}

interface Tried {
  readonly at: Date;
  readonly tookMs: number;
  /** Absent when it was answered. */
  readonly why?: string;
}

/**
 * Watches one tunnel from one side: tries its direction end to end, again and again, and when three tries in a row
 * fail has the tunnel made anew. Where that does not help it is done again after ever longer waits, and never given up.
 */
export class TunnelWatch {
  private current: TunnelHealth;
  private readonly tried: Tried[] = [];
  private readonly backoff: Backoff;
  private readonly now: () => Date;
  private readonly stopper = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private probing: Promise<void> | undefined;
  private noRestartBefore = -Infinity;
  private triedMs = -Infinity;
  /** Restarts that this side has forced. */
  restarts = 0;

  constructor(private readonly options: TunnelWatchOptions) {
    this.now = options.now ?? (() => new Date());
    this.backoff = options.backoff ?? new Backoff(RESTART_FIRST_MS, RESTART_CAP_MS);
    this.current = initialHealth(this.now());
  }

  get health(): TunnelHealth {
    return this.current;
  }

  /** Failures of our direction, one after the other, up to now. */
  get failuresInARow(): number {
    const well = this.tried.findLastIndex(({ why }) => why === undefined);
    return this.tried.length - 1 - well;
  }

  /** What happened to the connection, or what the other side says of its own direction. */
  observe(event: TunnelHealthEvent): void {
    const before = this.current;
    this.current = healthAfter(before, event, this.now());
    if (before.state !== this.current.state) this.options.onChange?.(this.current, before);
    // a new connection is tried at once, and one that has just become worse soon
    if (before.link === 'none' && this.current.link !== 'none') this.schedule(0);
    else if (this.current.link === 'none') clearTimeout(this.timer);
    else if (before.state === 'up' && this.current.state !== 'up') this.schedule();
  }

  /** Tries now, or joins the try that is under way. Never rejects. */
  async probeNow(): Promise<void> {
    if (this.stopper.signal.aborted || this.current.link === 'none') return;
    this.probing ??= this.probe().finally(() => {
      this.probing = undefined;
      if (this.current.link !== 'none') this.schedule();
    });
    await this.probing;
  }

  /** Comes back when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.stopper.abort();
    clearTimeout(this.timer);
    await this.probing;
  }

  /** Looks in between whether a copy has begun, which is a reason to ask earlier. */
  private schedule(afterMs = Math.min(this.intervalMs(), this.options.rates.copyProbeSeconds * 1_000)): void {
    clearTimeout(this.timer);
    if (this.stopper.signal.aborted) return;
    this.timer = setTimeout(() => {
      const dueMs = afterMs === 0 ? 0 : this.triedMs + this.intervalMs() - performance.now();
      if (dueMs <= 0) void this.probeNow();
      else this.schedule(Math.min(dueMs, this.options.rates.copyProbeSeconds * 1_000));
    }, afterMs).unref();
  }

  private intervalMs(): number {
    const { rates, isCopying } = this.options;
    const usualMs = (isCopying() ? rates.copyProbeSeconds : rates.probeSeconds) * 1_000;
    return this.current.state === 'up' ? usualMs : Math.min(usualMs, ANXIOUS_MS);
  }

  private async probe(): Promise<void> {
    const { direction, probe } = this.options;
    const at = this.now();
    const beganMs = performance.now();
    this.triedMs = beganMs;
    const took = () => Math.round(performance.now() - beganMs);
    try {
      const rttMs = await this.inTime(probe);
      this.remember({ at, tookMs: Math.round(rttMs) });
      this.backoff.reset();
      this.noRestartBefore = -Infinity;
      this.observe({ type: 'probe-ok', direction, rttMs: Math.round(rttMs) });
    } catch (error) {
      if (this.stopper.signal.aborted || this.current.link === 'none') return;
      const why = explained(error);
      this.remember({ at, tookMs: took(), why });
      this.observe({ type: 'probe-failed', direction, why });
      this.failed(why);
    }
  }

  /** A probe that takes no notice of its signal must not keep us from the next one. */
  private inTime(probe: (signal: AbortSignal) => Promise<number>): Promise<number> {
    return withDeadline(this.stopper.signal, PROBE_MS, ({ signal, isOver }) => {
      const ended = new Promise<never>((_, reject) => {
        const end = () => reject(new Error(isOver() ? `no answer within ${PROBE_MS} ms` : 'stopped'));
        signal.addEventListener('abort', end, { once: true });
      });
      return Promise.race([probe(signal), ended]);
    });
  }

  private failed(why: string): void {
    const { name, direction, log, restart } = this.options;
    const isSilent = this.current.answers[direction] === 'silent';
    log.warn(`${name}: ${direction} did not answer (${this.failuresInARow} in a row): ${why}`);
    const nowMs = performance.now();
    if (!isSilent || nowMs < this.noRestartBefore) return;
    const waitMs = this.backoff.next();
    this.noRestartBefore = nowMs + waitMs;
    this.restarts += 1;
    log.warn(this.story(waitMs));
    restart(`It did not answer: ${why}`);
  }

  /** Everything that is known about a tunnel that is cut, in one line. */
  private story(waitMs: number): string {
    const { name, direction, facts } = this.options;
    const { state, since, rttMs } = this.current;
    const tried = this.tried.map(
      ({ at, tookMs, why }) => `${at.toISOString()} ${why ?? 'answered'} after ${tookMs} ms`,
    );
    const before = this.tried.flatMap(({ why, tookMs }) => (why === undefined ? [tookMs] : []));
    const more = Object.entries(facts?.() ?? {}).map(([key, value]) => `${key} ${value}`);
    const other = TUNNEL_DIRECTIONS.find((one) => one !== direction)!;
    return [
      `${name} is cut, so that it comes anew (restart ${this.restarts})`,
      `${state} since ${since.toISOString()}`,
      `tried ${direction}: ${tried.join(', ')}`,
      `round trips before: ${before.length > 0 ? before.join(', ') : 'none'} ms`,
      `${other}: ${this.current.answers[other]}, ${rttMs[other] ?? 'unknown'} ms`,
      ...more,
      `no other restart for ${Math.round(waitMs / 1_000)} s`,
    ].join('; ');
  }

  private remember(tried: Tried): void {
    this.tried.push(tried);
    if (this.tried.length > REMEMBERED) this.tried.shift();
  }
}

/** What went wrong, with what the system calls it. */
function explained(error: unknown): string {
  const { code, message, cause } = asMigrationError(error, 'tunnel.down');
  const errno = [error, cause].flatMap((one) =>
    one instanceof Error && 'code' in one && typeof one.code === 'string' && /^E[A-Z]+$/.test(one.code)
      ? [one.code]
      : [],
  )[0];
  return `${code}${errno === undefined ? '' : ` ${errno}`}: ${message}`;
}

import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';

const WINDOW_MS = 60_000;

/** How late the event loop was, over the last minute or two. */
@Injectable()
export class LoopDelay implements OnApplicationShutdown {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });
  private readonly timer: NodeJS.Timeout;
  private lastP99Ms = 0;

  constructor() {
    this.histogram.enable();
    this.timer = setInterval(() => {
      this.lastP99Ms = this.measured();
      this.histogram.reset();
    }, WINDOW_MS).unref();
  }

  /** 99th percentile in milliseconds; the worse one of this window and the last. */
  get p99Ms(): number {
    return Math.max(this.lastP99Ms, this.measured());
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.histogram.disable();
  }

  /** The monitor samples every 10 ms and counts that pause in. */
  private measured(): number {
    const p99Ms = this.histogram.percentile(99) / 1e6 - 10;
    return Number.isFinite(p99Ms) ? Math.max(0, p99Ms) : 0;
  }
}

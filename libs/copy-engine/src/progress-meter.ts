import type { CopyProgress } from './port.js';

const INTERVAL_MS = 100;

/** Counts finished work and tells it, at most ten times a second and once at the end. */
export class ProgressMeter {
  private toldAtMs = -Infinity;
  private moved = 0;
  private zeroed = 0;
  private checked = 0;
  /** The most that was ever finished: work that is done again after a loss does not count twice, nor backwards. */
  private readonly most = { moved: 0, zeroed: 0, checked: 0 };

  constructor(
    private readonly bytesTotal: number,
    private readonly bytesResumed: number,
    private readonly tell: ((progress: CopyProgress) => void) | undefined,
  ) {}

  /** Finished bytes: written as data, written as zeroes, or read for their digest. */
  add(kind: 'moved' | 'zeroed' | 'checked', bytes: number): void {
    this[kind] += bytes;
    this.most[kind] = Math.max(this.most[kind], this[kind]);
    const nowMs = performance.now();
    if (!this.tell || nowMs - this.toldAtMs < INTERVAL_MS) return;
    this.toldAtMs = nowMs;
    this.tell(this.now());
  }

  /** Remembers where a batch began. */
  mark(): { moved: number; zeroed: number } {
    return { moved: this.moved, zeroed: this.zeroed };
  }

  /** Goes back to the beginning of a batch that is done again. */
  back(mark: { moved: number; zeroed: number }): void {
    this.moved = mark.moved;
    this.zeroed = mark.zeroed;
  }

  now(): CopyProgress {
    const { moved, zeroed, checked } = this.most;
    return {
      bytesTotal: this.bytesTotal,
      bytesDone: Math.min(this.bytesResumed + moved + zeroed + checked, this.bytesTotal),
      bytesMoved: moved,
      bytesZeroed: zeroed,
    };
  }

  /** The last report: everything that was to be done is done. */
  finish(): CopyProgress {
    const last = this.now();
    this.tell?.(last);
    return last;
  }
}

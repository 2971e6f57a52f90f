const WINDOW_MS = 5_000;

/** Bytes a second over the last five seconds, from measured counts. */
export class RateMeter {
  private readonly samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** @param bytes finished in all; a count that falls starts a new measurement. */
  add(bytes: number, atMs: number): number {
    const last = this.samples.at(-1);
    if (last && bytes < last.bytes) this.samples.length = 0;
    this.samples.push({ atMs, bytes });
    while (this.samples.length > 2 && this.samples[0]!.atMs < atMs - WINDOW_MS) this.samples.shift();
    const first = this.samples[0]!;
    const elapsedMs = atMs - first.atMs;
    return elapsedMs <= 0 ? 0 : ((bytes - first.bytes) * 1_000) / elapsedMs;
  }
}

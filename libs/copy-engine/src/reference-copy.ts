import { asMigrationError } from '@ossea/errors';
import { isZero, type ClusterHasher } from './cluster-digest.js';
import { lost, type CopyEnd } from './copy-end.js';
import type { JournalWriter } from './journal-writer.js';
import type { PlannedRange } from './plan.js';
import { CLUSTER_BYTES, type CopyLimits } from './port.js';
import type { ProgressMeter } from './progress-meter.js';
import { splitRanges } from './ranges.js';

/** Zeroes carry no bytes, so one request may cover more. */
const ZERO_REQUEST_BYTES = 32 << 20;

export interface ReferenceCopyParts {
  readonly source: CopyEnd;
  readonly target: CopyEnd;
  readonly journal: JournalWriter;
  readonly hash: ClusterHasher;
  readonly meter: ProgressMeter;
  readonly limits: CopyLimits;
  /** Whether zeroes need not be written: the target reads as zeroes where nothing was written. */
  readonly targetIsZero: boolean;
  /** Largest read or write, in bytes; whole clusters. */
  readonly requestBytes: number;
}

/** Moves planned work one request at a time, in batches that end with FLUSH and a checkpoint. */
export class ReferenceCopy {
  bytesRead = 0;

  constructor(private readonly parts: ReferenceCopyParts) {}

  async run(work: readonly PlannedRange[]): Promise<void> {
    const { limits, requestBytes } = this.parts;
    let batch: PlannedRange[] = [];
    let batchBytes = 0;
    for (const piece of this.pieces(work, requestBytes)) {
      batch.push(piece);
      if (!piece.zero) batchBytes += piece.length;
      if (batchBytes < limits.checkpointBytes) continue;
      await this.finish(batch);
      batch = [];
      batchBytes = 0;
    }
    // also with nothing left to do: what is journalled is what was flushed
    await this.finish(batch);
  }

  private *pieces(work: readonly PlannedRange[], dataBytes: number): Generator<PlannedRange> {
    for (const range of work) yield* splitRanges([range], range.zero ? ZERO_REQUEST_BYTES : dataBytes);
  }

  /** Writes one batch, flushes, journals; all over again when the target forgot what it had acknowledged. */
  private async finish(batch: readonly PlannedRange[]): Promise<void> {
    const { target, journal, meter, limits } = this.parts;
    const mark = meter.mark();
    const before = journal.pendingRecords;
    for (let attempt = 1; ; attempt += 1) {
      try {
        for (const piece of batch) await (piece.zero ? this.zero(piece) : this.data(piece));
        // not repeated: after a failed flush the server may have dropped what it could not write
        await target.once((client) => client.flush());
        break;
      } catch (thrown) {
        const error = asMigrationError(thrown);
        if (attempt >= limits.attempts || !lost(error)) throw error;
        journal.rewind(before);
        meter.back(mark);
        target.retried += 1;
        await target.reopen();
      }
    }
    await journal.checkpoint();
  }

  private async zero({ offset, length }: PlannedRange): Promise<void> {
    const { journal, meter } = this.parts;
    await this.writeZeroes(offset, length);
    journal.zero(offset / CLUSTER_BYTES, Math.ceil(length / CLUSTER_BYTES));
    meter.add('zeroed', length);
  }

  private async data({ offset, length }: PlannedRange): Promise<void> {
    const { source, target, journal, meter, hash, targetIsZero } = this.parts;
    const bytes = await source.repeatable((client) => client.read(offset, length));
    this.bytesRead += length;
    for (const run of runsOf(bytes)) {
      const at = offset + run.from;
      const part = bytes.subarray(run.from, run.to);
      if (run.zero) {
        if (!targetIsZero) await this.writeZeroes(at, part.length);
        journal.zero(at / CLUSTER_BYTES, Math.ceil(part.length / CLUSTER_BYTES));
        meter.add('zeroed', part.length);
      } else {
        await target.onThisConnection((client) => client.write(at, part));
        journal.data(at / CLUSTER_BYTES, [...clustersOf(part)].map(hash));
        meter.add('moved', part.length);
      }
    }
  }

  private async writeZeroes(offset: number, length: number): Promise<void> {
    const { target, requestBytes } = this.parts;
    const client = await target.open();
    if (client.canWriteZeroes) return target.onThisConnection((end) => end.writeZeroes(offset, length));
    for (const piece of splitRanges([{ offset, length }], requestBytes)) {
      await target.onThisConnection((end) => end.write(piece.offset, Buffer.alloc(piece.length)));
    }
  }
}

/** The clusters of a buffer that begins at a cluster border. */
export function* clustersOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CLUSTER_BYTES) yield bytes.subarray(at, at + CLUSTER_BYTES);
}

/** Neighbouring clusters of the same kind, by position in the buffer. */
export function runsOf(bytes: Buffer): { from: number; to: number; zero: boolean }[] {
  const runs: { from: number; to: number; zero: boolean }[] = [];
  let at = 0;
  for (const cluster of clustersOf(bytes)) {
    const zero = isZero(cluster);
    const last = runs.at(-1);
    if (last && last.zero === zero) last.to += cluster.length;
    else runs.push({ from: at, to: at + cluster.length, zero });
    at += cluster.length;
  }
  return runs;
}

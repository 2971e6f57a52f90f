import { asMigrationError, throwIfAborted } from '@ossea/errors';
import { checkHolds, checkRequest, checkSource, checkTarget } from './check-request.js';
import { createClusterHasher } from './cluster-digest.js';
import { CopyEnd } from './copy-end.js';
import { JournalWriter } from './journal-writer.js';
import type { NbdClient } from './nbd-client.js';
import { ALLOCATION_ZERO } from './nbd-wire.js';
import { finishedRanges, planCopy, withoutFinished } from './plan.js';
import {
  CLUSTER_BYTES,
  type ByteRange,
  type CopyLimits,
  type CopyEngine,
  type CopyOptions,
  type CopyRequest,
  type CopyResult,
  type DigestRequest,
  type DigestResult,
} from './port.js';
import { ProgressMeter } from './progress-meter.js';
import { intersectRanges, splitRanges, subtractRanges, sumRanges, widenRanges } from './ranges.js';
import { ReferenceCopy, clustersOf } from './reference-copy.js';
import { StopWatch } from './stop-watch.js';

/**
 * The slow and obvious engine: one connection to each end, one request at a time. It defines what a copy
 * does; the native one must do the same, only faster.
 */
export class ReferenceEngine implements CopyEngine {
  readonly name = 'reference';

  /** See `CopyEngine`. Beyond its list: `request.invalid` for ranges or limits that make no sense. */
  async copy(request: CopyRequest, options: CopyOptions): Promise<CopyResult> {
    throwIfAborted(options.signal);
    checkRequest(request);
    const startedMs = performance.now();
    const { sizeBytes, limits } = request;
    return this.watched(options, limits.stallTimeoutMs, async (watch) => {
      const source = new CopyEnd(
        {
          address: request.source,
          end: 'source',
          attempts: limits.attempts,
          check: (client) => checkSource(client, sizeBytes),
        },
        watch,
      );
      const target = new CopyEnd(
        {
          address: request.target,
          end: 'target',
          attempts: limits.attempts,
          check: (client) => checkTarget(client, sizeBytes),
        },
        watch,
      );
      const ends = [await source.open(), await target.open()];
      const requestBytes = largestRequest(limits, ends);
      const wanted = request.work.kind === 'full' ? [{ offset: 0, length: sizeBytes }] : request.work.ranges;
      const zeroes = await source.repeatable((client) => zeroRanges(client, wanted, watch));
      const plan = planCopy(request.work, sizeBytes, zeroes);
      const journal = await JournalWriter.open(request.journalPath, {
        identity: request.journalIdentity,
        sizeBytes,
      });
      try {
        const finished = finishedRanges(journal.resumed?.finished ?? new Map(), sizeBytes);
        const bytesResumed = sumRanges(intersectRanges(plan.work, finished));
        for (const { offset, length } of subtractRanges(plan.skipped, finished)) {
          journal.zero(offset / CLUSTER_BYTES, Math.ceil(length / CLUSTER_BYTES));
        }
        const meter = new ProgressMeter(sumRanges(plan.work), bytesResumed, options.onProgress);
        const hash = await createClusterHasher();
        const targetIsZero = request.work.kind === 'full' && request.work.targetIsZero;
        const parts = { source, target, journal, hash, meter, limits, requestBytes, targetIsZero };
        const copy = new ReferenceCopy(parts);
        await copy.run(withoutFinished(plan.work, finished));
        return {
          ...meter.finish(),
          bytesResumed,
          bytesRead: copy.bytesRead,
          requestsRetried: source.retried + target.retried,
          seconds: (performance.now() - startedMs) / 1000,
        };
      } finally {
        await journal.close();
      }
    });
  }

  /** See `CopyEngine`. The export may be larger than `sizeBytes`: a volume may be larger than the disk in it. */
  async digest(request: DigestRequest, options: CopyOptions): Promise<DigestResult> {
    throwIfAborted(options.signal);
    checkRequest(request);
    const { sizeBytes, limits } = request;
    const ranges = widenRanges(
      request.ranges ?? [{ offset: 0, length: sizeBytes }],
      CLUSTER_BYTES,
      sizeBytes,
    );
    return this.watched(options, limits.stallTimeoutMs, async (watch) => {
      const source = new CopyEnd(
        {
          address: request.source,
          end: 'source',
          attempts: limits.attempts,
          check: (client) => checkHolds(client, sizeBytes),
        },
        watch,
      );
      const requestBytes = largestRequest(limits, [await source.open()]);
      const hash = await createClusterHasher();
      const meter = new ProgressMeter(sumRanges(ranges), 0, options.onProgress);
      const zeroes = await source.repeatable((client) => zeroRanges(client, ranges, watch));
      const plan = planCopy({ kind: 'changed', ranges }, sizeBytes, zeroes);
      const digests = new Map<number, string>();
      let bytesRead = 0;
      for (const { offset, length, zero } of splitRanges(plan.work, requestBytes)) {
        watch.check();
        const bytes = zero
          ? Buffer.alloc(length)
          : await source.repeatable((client) => client.read(offset, length));
        if (!zero) bytesRead += length;
        let cluster = offset / CLUSTER_BYTES;
        for (const part of clustersOf(bytes)) {
          digests.set(cluster, hash(part));
          cluster += 1;
        }
        meter.add('checked', length);
      }
      meter.finish();
      return { digests, bytesRead };
    });
  }

  private async watched<T>(
    options: CopyOptions,
    stallTimeoutMs: number,
    run: (watch: StopWatch) => Promise<T>,
  ): Promise<T> {
    const watch = new StopWatch(options.signal, stallTimeoutMs);
    try {
      return await run(watch);
    } catch (error) {
      throw asMigrationError(watch.explain(error));
    } finally {
      await watch.release();
    }
  }
}

/** Whole clusters, no more than the limits and both servers allow. */
function largestRequest(limits: CopyLimits, ends: readonly NbdClient[]): number {
  const most = Math.min(
    limits.requestBytes,
    limits.bytesInFlight,
    ...ends.map((end) => end.blockSizes.maximum),
  );
  return Math.max(CLUSTER_BYTES, most - (most % CLUSTER_BYTES));
}

/** What the source says reads as zeroes within the ranges; nothing when it does not say. */
async function zeroRanges(
  client: NbdClient,
  ranges: readonly ByteRange[],
  watch: StopWatch,
): Promise<ByteRange[]> {
  if (!client.hasContext('base:allocation')) return [];
  const zeroes: ByteRange[] = [];
  for (const range of splitRanges(widenRanges(ranges, CLUSTER_BYTES, client.sizeBytes), 1 << 30)) {
    watch.check();
    const extents = await client.extents('base:allocation', range);
    watch.progressed();
    for (const { offset, length, flags } of extents) {
      if (flags & ALLOCATION_ZERO) zeroes.push({ offset, length });
    }
  }
  return zeroes;
}

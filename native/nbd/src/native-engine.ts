import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import {
  journalIdentityHash,
  type ByteRange,
  type CopyEngine,
  type CopyOptions,
  type CopyRequest,
  type CopyResult,
  type DigestRequest,
  type DigestResult,
  type NbdAddress,
} from '@ossea/copy-engine';
import { checkRequest, packRanges } from './check-request.js';
import { faultToError } from './fault-to-error.js';
import type {
  NativeAddon,
  NativeAddress,
  NativeProgress,
  NativeRequest,
  NativeResult,
} from './native-addon.js';

/** So many digests are spelt out before the event loop gets its turn. */
const DIGESTS_AT_ONCE = 4096;
const DIGEST_BYTES = 16;

/** The engine in `engine/`, on its own threads; see `CopyEngine`. */
export class NativeEngine implements CopyEngine {
  readonly name = 'native';

  constructor(private readonly addon: NativeAddon) {}

  /** See `CopyEngine`. Beyond its list: `request.invalid` for ranges or limits that make no sense. */
  async copy(request: CopyRequest, options: CopyOptions): Promise<CopyResult> {
    throwIfAborted(options.signal);
    checkRequest(request);
    const { work } = request;
    const result = await this.run(
      {
        work: work.kind,
        source: await resolve(request.source, 'source', options.signal),
        target: await resolve(request.target, 'target', options.signal),
        sizeBytes: request.sizeBytes,
        targetIsZero: work.kind === 'full' && work.targetIsZero,
        ranges: packRanges(work.kind === 'changed' ? work.ranges : []),
        journalPath: request.journalPath,
        identityHash: Buffer.from(journalIdentityHash(request.journalIdentity), 'hex'),
        limits: { ...request.limits },
      },
      options,
    );
    const { bytesResumed, bytesRead, requestsRetried, seconds } = result;
    return { ...progressOf(result), bytesResumed, bytesRead, requestsRetried, seconds };
  }

  /** See `CopyEngine`. The export may be larger than `sizeBytes`: a volume may be larger than the disk in it. */
  async digest(request: DigestRequest, options: CopyOptions): Promise<DigestResult> {
    throwIfAborted(options.signal);
    checkRequest(request);
    const whole: ByteRange = { offset: 0, length: request.sizeBytes };
    const { clusters, digests, bytesRead } = await this.run(
      {
        work: 'digest',
        source: await resolve(request.source, 'source', options.signal),
        sizeBytes: request.sizeBytes,
        ranges: packRanges(request.ranges ?? [whole]),
        limits: { ...request.limits },
      },
      options,
    );
    const found = new Map<number, string>();
    for (const [i, cluster] of clusters.entries()) {
      found.set(cluster, digests.toString('hex', i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES));
      if (i % DIGESTS_AT_ONCE === DIGESTS_AT_ONCE - 1) await setImmediate();
    }
    return { digests: found, bytesRead };
  }

  private async run(request: NativeRequest, options: CopyOptions): Promise<NativeResult> {
    throwIfAborted(options.signal);
    let thrown: { readonly error: unknown } | undefined;
    const job = this.addon.start(request, (progress) => {
      try {
        options.onProgress?.(progressOf(progress));
      } catch (error) {
        thrown ??= { error };
        job.cancel();
      }
    });
    options.signal.addEventListener('abort', job.cancel, { once: true });
    try {
      const result = await job.promise;
      options.onProgress?.(progressOf(result));
      return result;
    } catch (error) {
      throw faultToError(thrown ? thrown.error : error);
    } finally {
      options.signal.removeEventListener('abort', job.cancel);
    }
  }
}

function progressOf({ bytesTotal, bytesDone, bytesMoved, bytesZeroed }: NativeProgress): NativeProgress {
  return { bytesTotal, bytesDone, bytesMoved, bytesZeroed };
}

/** Names are looked up here: the engine's threads never wait for a name server. */
async function resolve(
  address: NbdAddress,
  end: 'source' | 'target',
  signal: AbortSignal,
): Promise<NativeAddress> {
  const { exportName } = address;
  if (address.transport === 'nbd-unix') return { path: address.path, exportName };
  const { host, port } = address;
  if (isIP(host) !== 0) return { host, port, exportName };
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new MigrationError('call.aborted', 'The call was aborted.'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return { host: (await Promise.race([lookup(host), aborted])).address, port, exportName };
  } catch (error) {
    if (signal.aborted) throw error;
    throw new MigrationError('nbd.connection-lost', `The name of the ${end} is not known.`, {
      context: { end },
      cause: error,
    });
  }
}

/** The unit in which everything is copied, hashed and journalled: one qcow2 cluster. */
export const CLUSTER_BYTES = 65_536;

/** Half-open byte range `[offset, offset + length)`. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export type NbdAddress =
  | { readonly transport: 'nbd-unix'; readonly path: string; readonly exportName: string }
  | {
      readonly transport: 'nbd-tcp';
      readonly host: string;
      readonly port: number;
      readonly exportName: string;
    };

export interface CopyLimits {
  /** NBD connections to each end; one worker thread each. */
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly requestsInFlight: number;
  /** Largest read or write, in bytes; a multiple of `CLUSTER_BYTES`. */
  readonly requestBytes: number;
  /** Most bytes that may be in flight over all connections. */
  readonly bytesInFlight: number;
  /** After this many written bytes the target is flushed and the journal gets a checkpoint. */
  readonly checkpointBytes: number;
  /** A copy that finishes no request for this long ends with `copy.stalled`. */
  readonly stallTimeoutMs: number;
  /** Tries of one request, or of one reconnection, before its error ends the copy. */
  readonly attempts: number;
}

export const DEFAULT_LIMITS: CopyLimits = {
  connections: 2,
  requestsInFlight: 8,
  requestBytes: 1 << 20,
  bytesInFlight: 32 << 20,
  checkpointBytes: 64 << 20,
  stallTimeoutMs: 60_000,
  attempts: 3,
};

export interface CopyRequest {
  readonly source: NbdAddress;
  readonly target: NbdAddress;
  /** Size of the source disk. The source must have just this size, the target at least this size. */
  readonly sizeBytes: number;
  readonly work:
    /** Everything. `targetIsZero`: holes need not be written, because the target is new and reads as zeroes. */
    | { readonly kind: 'full'; readonly targetIsZero: boolean }
    /** These ranges, widened to whole clusters (the last one ends at `sizeBytes`); zeroes as write-zeroes, never trim. */
    | { readonly kind: 'changed'; readonly ranges: readonly ByteRange[] };
  /** File that gets the journal of finished ranges; see `journal.ts`. */
  readonly journalPath: string;
  /** What this copy is: a journal with another identity is discarded, one with this identity is continued. */
  readonly journalIdentity: string;
  readonly limits: CopyLimits;
}

/** All counts are of *finished* work. `bytesDone` never exceeds `bytesTotal` and never falls. */
export interface CopyProgress {
  /** Bytes that must be moved or zeroed, resumed ones included. */
  readonly bytesTotal: number;
  readonly bytesDone: number;
  /** Bytes that were written as data. */
  readonly bytesMoved: number;
  readonly bytesZeroed: number;
}

export interface CopyResult extends CopyProgress {
  /** Bytes that a journal of an earlier try covered: neither read nor written again. */
  readonly bytesResumed: number;
  readonly bytesRead: number;
  readonly requestsRetried: number;
  readonly seconds: number;
}

export interface CopyOptions {
  /** Aborting stops the copy within a second; when the promise has rejected, no byte is written any more. */
  readonly signal: AbortSignal;
  /** Called at most ten times a second and once at the end. */
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** XXH3-128 of one cluster (the last may be shorter), as 32 hexadecimal digits in canonical (big-endian) order. */
export type ClusterDigest = string;

export interface DigestRequest {
  readonly source: NbdAddress;
  readonly sizeBytes: number;
  /** Clusters to read and hash. Omitted: the whole disk. */
  readonly ranges?: readonly ByteRange[];
  readonly limits: CopyLimits;
}

export interface DigestResult {
  /** Index of the cluster (`offset / CLUSTER_BYTES`) → its digest, ascending. */
  readonly digests: ReadonlyMap<number, ClusterDigest>;
  readonly bytesRead: number;
}

/**
 * The one thing that moves bytes. Both implementations (native, reference) write the same journal.
 * Errors are `MigrationError`s: `nbd.no-flush`, `nbd.connection-lost`, `nbd.export-missing`, `nbd.read-only`,
 * `nbd.request-failed`, `storage.full`, `disk.size-mismatch`, `disk.size-invalid`, `copy.stalled`, `call.aborted`;
 * `context` carries `end` (`source` or `target`), `errno` and `offset` where they are known.
 */
export interface CopyEngine {
  readonly name: 'native' | 'reference';
  copy(request: CopyRequest, options: CopyOptions): Promise<CopyResult>;
  digest(request: DigestRequest, options: CopyOptions): Promise<DigestResult>;
}

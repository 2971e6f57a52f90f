import { createRequire } from 'node:module';

/** An end of a copy as the addon takes it: a Unix socket, or a numeric IP address. */
export type NativeAddress =
  | { readonly path: string; readonly exportName: string }
  | { readonly host: string; readonly port: number; readonly exportName: string };

/** Limits by the names of `CopyLimits`. */
export type NativeLimits = Readonly<Record<string, number>>;

export interface NativeRequest {
  readonly work: 'full' | 'changed' | 'digest';
  readonly source: NativeAddress;
  readonly sizeBytes: number;
  /** Pairs of offset and length. */
  readonly ranges: Float64Array;
  readonly limits: NativeLimits;
  /** These four not for a digest. */
  readonly target?: NativeAddress;
  readonly targetIsZero?: boolean;
  readonly journalPath?: string;
  /** 32 bytes. */
  readonly identityHash?: Uint8Array;
}

export interface NativeProgress {
  readonly bytesTotal: number;
  readonly bytesDone: number;
  readonly bytesMoved: number;
  readonly bytesZeroed: number;
}

export interface NativeResult extends NativeProgress {
  readonly bytesResumed: number;
  readonly bytesRead: number;
  readonly requestsRetried: number;
  readonly seconds: number;
  /** Of a digest: indexes of clusters, ascending. */
  readonly clusters: Float64Array;
  /** Of a digest: 16 bytes for each of `clusters`. */
  readonly digests: Buffer;
}

/** One job of the engine; the promise settles when none of its threads is left. */
export interface NativeJob {
  readonly promise: Promise<NativeResult>;
  readonly cancel: () => void;
}

export interface NativeAddon {
  readonly start: (request: NativeRequest, onProgress: (progress: NativeProgress) => void) => NativeJob;
}

/** Throws when the addon was not built or does not fit this machine. The same path holds from `src/` and `dist/`. */
export function requireAddon(): NativeAddon {
  return createRequire(import.meta.url)('../build/Release/nbd_native.node') as NativeAddon;
}

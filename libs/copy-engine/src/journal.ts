import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { CLUSTER_BYTES, type ClusterDigest } from './port.js';

/*
 * The journal of one disk copy. Append-only, all integers little-endian.
 *
 *   header (64 bytes)   "OSSEAJ01" · u32 clusterBytes · u32 0 · u64 sizeBytes · 32 bytes SHA-256(journalIdentity) · u32 0 · u32 crc32 of the first 60 bytes
 *   record              u8 type · u8 0 · u16 0 · u32 clusterCount · u64 firstCluster · [digests] · u32 crc32 of all before it in this record
 *     type 1  data      clusterCount × 16 bytes XXH3-128 (canonical, big-endian) follow: these clusters were written as data
 *     type 2  zero      no digests: these clusters were written as zeroes (or needed no write on a zeroed target)
 *     type 3  checkpoint  clusterCount 0, firstCluster 0: the target acknowledged a FLUSH after every range above
 *
 * Only ranges above the last checkpoint are finished: a killed storage daemon may have lost
 * the clusters it acknowledged after its last FLUSH (qcow2 keeps its tables in memory until then).
 * A torn tail (short record, wrong crc) ends the journal; what stands before it counts.
 */
export const JOURNAL_MAGIC = 'OSSEAJ01';
export const JOURNAL_HEADER_BYTES = 64;
export const RECORD_DATA = 1;
export const RECORD_ZERO = 2;
export const RECORD_CHECKPOINT = 3;

export interface Journal {
  readonly sizeBytes: number;
  /** SHA-256 of the journal identity, hexadecimal. */
  readonly identityHash: string;
  /** Finished clusters → digest, or `undefined` for a zero cluster. In the order they were finished. */
  readonly finished: ReadonlyMap<number, ClusterDigest | undefined>;
  /** Offset of the first byte after the last checkpoint: where a continued journal is cut off. */
  readonly validBytes: number;
  readonly checkpoints: number;
}

export function journalIdentityHash(identity: string): string {
  return createHash('sha256').update(identity).digest('hex');
}

/** Parses a journal; `undefined` when the header is not one of ours. Never throws on content. */
export function parseJournal(bytes: Buffer): Journal | undefined {
  if (bytes.length < JOURNAL_HEADER_BYTES) return undefined;
  if (bytes.toString('latin1', 0, 8) !== JOURNAL_MAGIC) return undefined;
  if (bytes.readUInt32LE(8) !== CLUSTER_BYTES) return undefined;
  if (bytes.readUInt32LE(60) !== crc32(bytes.subarray(0, 60))) return undefined;
  const finished = new Map<number, ClusterDigest | undefined>();
  let pending: [number, ClusterDigest | undefined][] = [];
  let checkpoints = 0;
  let validBytes = JOURNAL_HEADER_BYTES;
  for (let at = JOURNAL_HEADER_BYTES; at + 20 <= bytes.length;) {
    const type = bytes.readUInt8(at);
    const count = bytes.readUInt32LE(at + 4);
    const end = at + 16 + (type === RECORD_DATA ? count * 16 : 0);
    if (end + 4 > bytes.length || bytes.readUInt32LE(end) !== crc32(bytes.subarray(at, end))) break;
    const first = Number(bytes.readBigUInt64LE(at + 8));
    if (type === RECORD_CHECKPOINT) {
      for (const [cluster, digest] of pending) finished.set(cluster, digest);
      pending = [];
      checkpoints += 1;
      validBytes = end + 4;
    } else if (type === RECORD_DATA || type === RECORD_ZERO) {
      for (let i = 0; i < count; i += 1) {
        const from = at + 16 + i * 16;
        pending.push([first + i, type === RECORD_DATA ? bytes.toString('hex', from, from + 16) : undefined]);
      }
    } else break;
    at = end + 4;
  }
  return {
    sizeBytes: Number(bytes.readBigUInt64LE(16)),
    identityHash: bytes.toString('hex', 24, 56),
    finished,
    validBytes,
    checkpoints,
  };
}

/** Reads and parses a journal file; `undefined` when it does not exist or is not a journal. */
export async function readJournal(path: string): Promise<Journal | undefined> {
  try {
    return parseJournal(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

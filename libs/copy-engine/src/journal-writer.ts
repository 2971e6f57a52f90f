import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { MigrationError } from '@ossea/errors';
import {
  JOURNAL_HEADER_BYTES,
  JOURNAL_MAGIC,
  RECORD_CHECKPOINT,
  RECORD_DATA,
  RECORD_ZERO,
  journalIdentityHash,
  readJournal,
  type Journal,
} from './journal.js';
import { CLUSTER_BYTES, type ClusterDigest } from './port.js';

/** The 64 bytes that begin a journal; see `journal.ts`. */
export function journalHeader(identity: string, sizeBytes: number): Buffer {
  const header = Buffer.alloc(JOURNAL_HEADER_BYTES);
  header.write(JOURNAL_MAGIC, 0, 'latin1');
  header.writeUInt32LE(CLUSTER_BYTES, 8);
  header.writeBigUInt64LE(BigInt(sizeBytes), 16);
  header.write(journalIdentityHash(identity), 24, 'hex');
  header.writeUInt32LE(crc32(header.subarray(0, 60)), 60);
  return header;
}

/** One record of a journal; see `journal.ts`. */
export function journalRecord(
  type: typeof RECORD_DATA | typeof RECORD_ZERO | typeof RECORD_CHECKPOINT,
  firstCluster: number,
  clusterCount: number,
  digests: readonly ClusterDigest[] = [],
): Buffer {
  const body = Buffer.alloc(16 + digests.length * 16 + 4);
  body.writeUInt8(type, 0);
  body.writeUInt32LE(clusterCount, 4);
  body.writeBigUInt64LE(BigInt(firstCluster), 8);
  digests.forEach((digest, i) => body.write(digest, 16 + i * 16, 'hex'));
  body.writeUInt32LE(crc32(body.subarray(0, body.length - 4)), body.length - 4);
  return body;
}

/** Appends to the journal of one disk copy. Nothing counts as finished before `checkpoint`. */
export class JournalWriter {
  private pending: Buffer[] = [];

  private constructor(
    private readonly file: FileHandle,
    private position: number,
    /** What an earlier try of the same copy finished. */
    readonly resumed: Journal | undefined,
  ) {}

  /**
   * Continues the journal at `path` when it has this identity and size, after cutting it off behind its last
   * checkpoint; otherwise replaces it by an empty one, durably. Throws `storage.full` or `storage.io-failed`.
   */
  static open(path: string, copy: { identity: string; sizeBytes: number }): Promise<JournalWriter> {
    return asStorageErrors(async () => {
      const found = await readJournal(path);
      const ours =
        found?.identityHash === journalIdentityHash(copy.identity) && found.sizeBytes === copy.sizeBytes;
      const file = await open(path, ours ? 'r+' : 'w', 0o600);
      try {
        if (ours) {
          await file.truncate(found.validBytes);
          await file.sync();
          return new JournalWriter(file, found.validBytes, found);
        }
        await writeAll(file, journalHeader(copy.identity, copy.sizeBytes), 0);
        await file.sync();
        await syncDirectory(dirname(path));
        return new JournalWriter(file, JOURNAL_HEADER_BYTES, undefined);
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  /** These clusters were written as data. */
  data(firstCluster: number, digests: readonly ClusterDigest[]): void {
    this.pending.push(journalRecord(RECORD_DATA, firstCluster, digests.length, digests));
  }

  /** These clusters were written as zeroes, or needed no write on a zeroed target. */
  zero(firstCluster: number, clusterCount: number): void {
    this.pending.push(journalRecord(RECORD_ZERO, firstCluster, clusterCount));
  }

  /** How many records wait for the next checkpoint. */
  get pendingRecords(): number {
    return this.pending.length;
  }

  /** Forgets the records after the first `count`: the target lost what they stand for, it will be done again. */
  rewind(count: number): void {
    this.pending.length = count;
  }

  /** Call only after the target acknowledged a FLUSH. When this resolves, the journal is durable up to here. */
  checkpoint(): Promise<void> {
    return asStorageErrors(async () => {
      const bytes = Buffer.concat([...this.pending, journalRecord(RECORD_CHECKPOINT, 0, 0)]);
      await writeAll(this.file, bytes, this.position);
      await this.file.sync();
      this.position += bytes.length;
      this.pending = [];
    });
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** A full disk makes one write short before the next one fails. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function asStorageErrors<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code;
    const full = errno === 'ENOSPC' || errno === 'EDQUOT';
    throw new MigrationError(
      full ? 'storage.full' : 'storage.io-failed',
      `The journal could not be written (${errno ?? 'unknown'}).`,
      { cause: error },
    );
  }
}

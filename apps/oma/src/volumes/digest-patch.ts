import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { CLUSTER_BYTES } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';

/*
 * A patch: the digests of the clusters that one cycle wrote, sorted. All integers little-endian.
 *   header (64 bytes)  "OSSEADP1" · u32 clusterBytes · u32 0 · u64 count · zeroes · u32 crc32 of the first 60 bytes
 *   record (24 bytes)  u64 cluster · 16 bytes XXH3-128
 */
const MAGIC = 'OSSEADP1';
export const HEADER_BYTES = 64;
const RECORD_BYTES = 24;
export const DIGEST_BYTES = 16;
const RECORDS_AT_ONCE = 8_192;

export function patchHeader(count: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  header.writeUInt32LE(CLUSTER_BYTES, 8);
  header.writeBigUInt64LE(BigInt(count), 16);
  header.writeUInt32LE(crc32(header.subarray(0, 60)), 60);
  return header;
}

export function patchRecord(cluster: number, digest: string): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  record.writeBigUInt64LE(BigInt(cluster));
  record.write(digest, 8, 'hex');
  return record;
}

/** Reads one patch without holding it in memory. */
export class DigestPatch implements AsyncDisposable {
  private constructor(
    private readonly file: FileHandle,
    readonly count: number,
  ) {}

  /** Throws `storage.io-failed` when the file is not a patch. */
  static async open(path: string): Promise<DigestPatch> {
    const file = await open(path, 'r');
    const header = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(header, 0, HEADER_BYTES, 0);
    const whole =
      bytesRead === HEADER_BYTES &&
      header.toString('latin1', 0, 8) === MAGIC &&
      header.readUInt32LE(60) === crc32(header.subarray(0, 60));
    if (!whole) {
      await file.close();
      throw new MigrationError('storage.io-failed', `The digest patch "${path}" cannot be read.`);
    }
    return new DigestPatch(file, Number(header.readBigUInt64LE(16)));
  }

  /** Lays the patch over the digests of clusters `first` and following. */
  async overlay(digests: Buffer, first: number): Promise<void> {
    const end = first + digests.length / DIGEST_BYTES;
    for await (const [cluster, digest] of this.records(await this.lowerBound(first))) {
      if (cluster >= end) return;
      digest.copy(digests, (cluster - first) * DIGEST_BYTES);
    }
  }

  /** Every cluster of the patch, ascending. */
  async *clusters(): AsyncGenerator<number> {
    for await (const [cluster] of this.records(0)) yield cluster;
  }

  /** The cluster of one record. */
  async clusterAt(index: number): Promise<number> {
    const bytes = Buffer.alloc(8);
    await this.file.read(bytes, 0, 8, HEADER_BYTES + index * RECORD_BYTES);
    return Number(bytes.readBigUInt64LE());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close();
  }

  private async lowerBound(cluster: number): Promise<number> {
    let low = 0;
    for (let high = this.count; low < high;) {
      const middle = Math.floor((low + high) / 2);
      if ((await this.clusterAt(middle)) < cluster) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private async *records(from: number): AsyncGenerator<[number, Buffer]> {
    for (let at = from; at < this.count;) {
      const wanted = Math.min(RECORDS_AT_ONCE, this.count - at);
      const bytes = Buffer.alloc(wanted * RECORD_BYTES);
      const { bytesRead } = await this.file.read(bytes, 0, bytes.length, HEADER_BYTES + at * RECORD_BYTES);
      if (bytesRead < bytes.length)
        throw new MigrationError('storage.io-failed', 'A digest patch ends before its last record.');
      for (let i = 0; i < bytes.length; i += RECORD_BYTES)
        yield [Number(bytes.readBigUInt64LE(i)), bytes.subarray(i + 8, i + RECORD_BYTES)];
      at += wanted;
    }
  }
}

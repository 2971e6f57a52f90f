import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { FILL_OFFSET_BYTES, HOT_OFFSET_BYTES, RECORD_BYTES, slotOf } from '../../stack/guest/layout.js';

/** A record as the guest's writer makes it, byte for byte. */
export function recordPage(sequence: number): Buffer {
  const page = Buffer.alloc(RECORD_BYTES);
  page.write('OSSEAREC', 0, 'latin1');
  page.writeBigUInt64LE(BigInt(sequence), 8);
  page.writeBigUInt64LE(42n, 16);
  page.writeUInt32LE(sequence % 2, 24);
  const mask = (1n << 64n) - 1n;
  let x = ((BigInt(sequence) * 0x9e3779b97f4a7c15n) & mask) | 1n;
  for (let i = 0; i < 507; i += 1) {
    x ^= (x << 13n) & mask;
    x ^= x >> 7n;
    x ^= (x << 17n) & mask;
    page.writeBigUInt64LE(x, 32 + i * 8);
  }
  page.writeUInt32LE(Number(x & 0xffffffffn), RECORD_BYTES - 8);
  page.writeUInt32LE(crc32(page.subarray(0, RECORD_BYTES - 4)), RECORD_BYTES - 4);
  return page;
}

/** Where a record lies on its disk. */
export const offsetOf = (sequence: number): number => HOT_OFFSET_BYTES + slotOf(sequence) * RECORD_BYTES;

/** Two raw disks that hold the given records, each over whatever lay in its slot. */
export async function fabricateDisks(
  directory: string,
  sequences: Iterable<number>,
): Promise<{ vdaRaw: string; vdbRaw: string }> {
  const paths = { vdaRaw: `${directory}/vda.raw`, vdbRaw: `${directory}/vdb.raw` };
  const files: FileHandle[] = [await open(paths.vdaRaw, 'w'), await open(paths.vdbRaw, 'w')];
  try {
    for (const file of files) await file.truncate(FILL_OFFSET_BYTES);
    for (const k of sequences) await files[k % 2]!.write(recordPage(k), 0, RECORD_BYTES, offsetOf(k));
  } finally {
    for (const file of files) await file.close();
  }
  return paths;
}

import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import {
  FILL_OFFSET_BYTES,
  HOT_BYTES,
  HOT_OFFSET_BYTES,
  RECORD_BYTES,
  emptySlot,
  slotOf,
} from '../../stack/guest/layout.js';

/** A record in the shape of the guest's writer, with other filler. */
export function recordPage(sequence: number): Buffer {
  const page = Buffer.alloc(RECORD_BYTES);
  page.write('OSSEAREC', 0, 'latin1');
  page.writeBigUInt64LE(BigInt(sequence), 8);
  page.writeBigUInt64LE(42n, 16);
  page.writeUInt32LE(sequence % 2, 24);
  page.fill(`filler of ${sequence};`, 32, RECORD_BYTES - 4);
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
    const ring = Buffer.alloc(HOT_BYTES, emptySlot());
    for (const file of files) {
      await file.truncate(FILL_OFFSET_BYTES);
      await file.write(ring, 0, HOT_BYTES, HOT_OFFSET_BYTES);
    }
    for (const k of sequences) await files[k % 2]!.write(recordPage(k), 0, RECORD_BYTES, offsetOf(k));
  } finally {
    for (const file of files) await file.close();
  }
  return paths;
}

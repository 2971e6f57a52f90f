import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { HOT_BYTES, HOT_OFFSET_BYTES, RECORD_BYTES, SLOTS, emptySlot, slotOf } from './layout.js';

/** A path of a raw image (file or block device), or an open one; an open one stays open. */
export type RawImage = string | FileHandle;

export interface RecordCheck {
  /** The highest whole record on either disk; 0 when there is none. */
  readonly last: number;
  /** Slots that are neither empty nor a whole record of that slot. */
  readonly torn: number;
  /** Records up to `last`, of the last `2 * SLOTS`, that are not in their slot. */
  readonly missing: number;
  /** The first few missing records, for messages. */
  readonly missingRecords: readonly number[];
}

const EMPTY = emptySlot();

/** The record's number when the page holds a whole record of this disk and slot. */
function recordIn(page: Buffer, disk: number, slot: number): number | undefined {
  if (page.toString('latin1', 0, 8) !== 'OSSEAREC') return undefined;
  if (page.readUInt32LE(RECORD_BYTES - 4) !== crc32(page.subarray(0, RECORD_BYTES - 4))) return undefined;
  const sequence = Number(page.readBigUInt64LE(8));
  const belongs =
    page.readUInt32LE(24) === disk && sequence > 0 && sequence % 2 === disk && slotOf(sequence) === slot;
  return belongs ? sequence : undefined;
}

async function readHotRegion(image: RawImage): Promise<Buffer> {
  const file = typeof image === 'string' ? await open(image, 'r') : image;
  try {
    const region = Buffer.alloc(HOT_BYTES);
    for (let done = 0; done < HOT_BYTES;) {
      const { bytesRead } = await file.read(region, done, HOT_BYTES - done, HOT_OFFSET_BYTES + done);
      if (bytesRead === 0) throw new Error(`the image ends inside its hot region, ${done} bytes into it`);
      done += bytesRead;
    }
    return region;
  } finally {
    if (file !== image) await file.close();
  }
}

/**
 * Checks the records of both disks of the guest as of one moment.
 *
 * The writer waits for each write before the next, so a crash-consistent pair of disks holds every record up to
 * the last one: record k+1 on one disk implies record k on the other.
 */
export async function checkRecords(images: {
  readonly vdaRaw: RawImage;
  readonly vdbRaw: RawImage;
}): Promise<RecordCheck> {
  const present = [new Float64Array(SLOTS), new Float64Array(SLOTS)];
  let last = 0;
  let torn = 0;
  for (const [disk, image] of [images.vdaRaw, images.vdbRaw].entries()) {
    const region = await readHotRegion(image);
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const page = region.subarray(slot * RECORD_BYTES, (slot + 1) * RECORD_BYTES);
      const sequence = recordIn(page, disk, slot);
      if (sequence === undefined) {
        if (!page.equals(EMPTY)) torn += 1;
        continue;
      }
      present[disk]![slot] = sequence;
      last = Math.max(last, sequence);
    }
  }
  let missing = 0;
  const missingRecords: number[] = [];
  for (let k = Math.max(1, last - 2 * SLOTS + 1); k <= last; k += 1) {
    if (present[k % 2]![slotOf(k)] === k) continue;
    missing += 1;
    if (missingRecords.length < 10) missingRecords.push(k);
  }
  return { last, torn, missing, missingRecords };
}

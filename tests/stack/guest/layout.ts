import { createHash } from 'node:crypto';

/** The layout of the guest's disks and records; writer.c holds the same numbers. */
export const RECORD_BYTES = 4096;
/** Record slots on each disk; together the two rings hold the last `2 * SLOTS` records. */
export const SLOTS = 8192;
export const HOT_BYTES = SLOTS * RECORD_BYTES;
/** Where the ring of records begins on both disks. */
export const HOT_OFFSET_BYTES = 64 * 1024 * 1024;
/** By the header just before its ring the writer knows which of the two a disk is. */
export const HEADER_OFFSET_BYTES = HOT_OFFSET_BYTES - 4096;
/** Static data begins behind the ring. */
export const FILL_OFFSET_BYTES = HOT_OFFSET_BYTES + HOT_BYTES;
/** The boot partition of `vda`. */
export const BOOT_OFFSET_BYTES = 1024 * 1024;
export const BOOT_BYTES = HEADER_OFFSET_BYTES - BOOT_OFFSET_BYTES - 60 * 1024;
const SLOT_STEP = 4099;

/** The slot of a record on its disk (`sequence mod 2`): a permutation, so neighbours in time lie far apart. */
export function slotOf(sequence: number): number {
  return (Math.floor(sequence / 2) * SLOT_STEP) % SLOTS;
}

/** The header page of a disk. */
export function diskHeader(disk: 0 | 1): Buffer {
  const page = Buffer.alloc(4096);
  page.write('OSSEADSK', 0, 'latin1');
  page.writeUInt32LE(disk, 8);
  return page;
}

/**
 * A slot that was never written. It is not zero, so that the ring is allocated in the image from the start: a
 * qcow2 image keeps the place of a newly allocated cluster in QEMU's memory until the guest flushes, and a killed
 * QEMU would forget records out of order.
 */
export function emptySlot(): Buffer {
  return Buffer.alloc(RECORD_BYTES, 'OSSEANIL', 'latin1');
}

/** 32 bytes of key material for the static data of a disk. */
export function fillKey(seed: string, disk: number): Buffer {
  return createHash('sha256').update(`${seed}/${disk}`).digest();
}

import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

export const CONTENTS = ['random', 'mixed', 'sparse'] as const;
export type Content = (typeof CONTENTS)[number];

/** Share of the disk that holds data: all of it; all but 40 % holes; nearly nothing. */
const DATA_SHARE: Readonly<Record<Content, number>> = { random: 1, mixed: 0.6, sparse: 0.03 };
const PIECE_BYTES = 1 << 20;

/** A small seeded generator for the layout (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A raw disk with this content: pieces of 1 MiB, data or hole by a seeded draw. */
export function makeDisk(path: string, sizeBytes: number, content: Content, seed: number): void {
  const draw = seeded(seed);
  const piece = Buffer.alloc(PIECE_BYTES);
  const fd = openSync(path, 'w');
  ftruncateSync(fd, sizeBytes);
  for (let offset = 0; offset < sizeBytes; offset += PIECE_BYTES)
    if (draw() < DATA_SHARE[content])
      writeSync(fd, randomFillSync(piece), 0, Math.min(PIECE_BYTES, sizeBytes - offset), offset);
  closeSync(fd);
}

/** Fills a file with garbage, so that a zero that was not written is noticed. */
export function fillWithGarbage(path: string, sizeBytes: number): void {
  const piece = Buffer.alloc(4 << 20, 0xa5);
  const fd = openSync(path, 'w');
  for (let offset = 0; offset < sizeBytes; offset += piece.length)
    writeSync(fd, piece, 0, Math.min(piece.length, sizeBytes - offset), offset);
  // or a FLUSH in the middle of a copy would have to write the garbage out as well
  fsyncSync(fd);
  closeSync(fd);
}

/** Throws at the first difference. */
export function mustBeEqual(left: string, right: string, sizeBytes: number): void {
  const [a, b] = [openSync(left, 'r'), openSync(right, 'r')];
  const [x, y] = [Buffer.alloc(4 << 20), Buffer.alloc(4 << 20)];
  try {
    for (let offset = 0; offset < sizeBytes; offset += x.length) {
      const length = Math.min(x.length, sizeBytes - offset);
      readSync(a, x, 0, length, offset);
      readSync(b, y, 0, length, offset);
      if (x.compare(y, 0, length, 0, length) !== 0)
        throw new Error(`${right} differs from ${left} after byte ${offset}`);
    }
  } finally {
    closeSync(a);
    closeSync(b);
  }
}

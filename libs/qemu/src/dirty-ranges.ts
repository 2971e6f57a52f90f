import { MigrationError } from '@ossea/errors';
import type { CallSignal, ProcessRunner } from '@ossea/process';
import { z } from 'zod';
import { imageFault } from './qemu-fault.js';

/** The map of so many bytes is at most some 30 MB of JSON, however scattered the changes are. */
const WINDOW_BYTES = 16 * 2 ** 30;

/** A dirty bitmap as an NBD export on a Unix socket offers it (`bitmaps` of `block-export-add`). */
export interface DirtyBitmapSource {
  readonly socketPath: string;
  readonly exportName: string;
  readonly bitmap: string;
  /** Of the export, in bytes. */
  readonly sizeBytes: number;
}

export interface DirtyRange {
  readonly offset: number;
  readonly length: number;
}

const mapSchema = z.array(z.object({ start: z.int(), length: z.int().positive(), data: z.boolean() }));

/**
 * What a dirty bitmap marks: sorted, neighbours merged, read window by window. With `x-dirty-bitmap` QEMU's NBD
 * client tells the bitmap in place of the allocation, and what is dirty counts as "no data".
 * @param options.windowBytes how much of the disk is asked about at a time; 16 GiB unless told.
 * Throws `process.failed` when the export or its bitmap is not there, `peer.protocol` for a map with gaps: a
 * change that is not told is a change that is lost.
 */
export async function* readDirtyRanges(
  run: ProcessRunner,
  source: DirtyBitmapSource,
  { signal, windowBytes = WINDOW_BYTES }: CallSignal & { readonly windowBytes?: number },
): AsyncGenerator<DirtyRange> {
  let last: { offset: number; length: number } | undefined;
  for (let start = 0; start < source.sizeBytes; start += windowBytes) {
    const end = Math.min(start + windowBytes, source.sizeBytes);
    let at = start;
    for (const entry of await mapWindow(run, source, start, end - start, signal)) {
      if (entry.start !== at) break;
      at = entry.start + entry.length;
      if (entry.data) continue;
      if (last && last.offset + last.length === entry.start) last.length += entry.length;
      else {
        if (last) yield last;
        last = { offset: entry.start, length: entry.length };
      }
    }
    if (at !== end) {
      throw new MigrationError('peer.protocol', 'The map of a dirty bitmap has a gap.', {
        context: { export: source.exportName, offset: at, end },
      });
    }
  }
  if (last) yield last;
}

async function mapWindow(
  run: ProcessRunner,
  { socketPath, exportName, bitmap }: DirtyBitmapSource,
  start: number,
  length: number,
  signal: AbortSignal,
): Promise<z.infer<typeof mapSchema>> {
  const node = {
    driver: 'nbd',
    server: { type: 'unix', path: socketPath },
    export: exportName,
    'x-dirty-bitmap': `qemu:dirty-bitmap:${bitmap}`,
  };
  const window = [`--start-offset=${start}`, `--max-length=${length}`];
  try {
    const { stdout } = await run.exec(
      { command: 'qemu-img', args: ['map', '--output=json', ...window, `json:${JSON.stringify(node)}`] },
      { signal },
    );
    return mapSchema.parse(JSON.parse(stdout));
  } catch (error) {
    throw imageFault(error, 'The dirty bitmap cannot be read');
  }
}

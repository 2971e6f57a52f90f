import { MigrationError } from '@ossea/errors';
import type { CallSignal, ProcessRunner } from '@ossea/process';
import { imageArgument } from './block-node.js';
import { imageFault } from './qemu-fault.js';

export const CLUSTER_BYTES = 65_536;
/** The map of so many bytes is at most some 30 MB of JSON, however fragmented the image is. */
const WINDOW_BYTES = 16 * 2 ** 30;

/** Neighbouring clusters of one kind. */
export interface ClusterRun {
  /** Index of the first cluster: its offset divided by 65 536. */
  readonly first: number;
  readonly count: number;
  /** Whether they are zero clusters (they carry zeroes without storing them) or data. */
  readonly zero: boolean;
}

interface MapEntry {
  readonly start: number;
  readonly length: number;
  readonly depth: number;
  readonly present: boolean;
  readonly data: boolean;
}

/** The allocated clusters of a qcow2 image, read window by window; see `ImageTool.allocatedClusters`. */
export async function readAllocation(
  run: ProcessRunner,
  path: string,
  { sizeBytes, signal }: CallSignal & { readonly sizeBytes: number },
): Promise<readonly ClusterRun[]> {
  const runs: { first: number; count: number; zero: boolean }[] = [];
  for (let start = 0; start < sizeBytes; start += WINDOW_BYTES) {
    for (const entry of await mapWindow(run, path, start, signal)) {
      if (!entry.present || entry.depth > 0) continue;
      const first = entry.start / CLUSTER_BYTES;
      const end = entry.start + entry.length;
      if (!Number.isInteger(first) || (end % CLUSTER_BYTES !== 0 && end < sizeBytes)) {
        throw new MigrationError('copy.incomplete', 'The image holds a part of a cluster.', {
          context: { offset: entry.start, length: entry.length },
        });
      }
      const count = Math.ceil(entry.length / CLUSTER_BYTES);
      const last = runs.at(-1);
      if (last && last.first + last.count === first && last.zero === !entry.data) last.count += count;
      else runs.push({ first, count, zero: !entry.data });
    }
  }
  return runs;
}

async function mapWindow(
  run: ProcessRunner,
  path: string,
  start: number,
  signal: AbortSignal,
): Promise<readonly MapEntry[]> {
  const window = [`--start-offset=${start}`, `--max-length=${WINDOW_BYTES}`];
  try {
    const { stdout } = await run.exec(
      { command: 'qemu-img', args: ['map', '--output=json', ...window, imageArgument(path, 'qcow2')] },
      { signal },
    );
    return JSON.parse(stdout) as MapEntry[];
  } catch (error) {
    throw imageFault(error, 'The allocation cannot be read');
  }
}

import { randomInt } from 'node:crypto';
import {
  CLUSTER_BYTES,
  DEFAULT_LIMITS,
  mergeRanges,
  NbdClient,
  type ByteRange,
  type CopyEngine,
} from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import { clustersIn, knownDigest, type DigestMaps } from './digest-maps.js';
import { MerkleTree, merkleLeaf } from './merkle-tree.js';
import type { ChainDisk, ReadChains } from './read-chains.js';

/** 1 GiB: so many digests are in memory at once, however large the disk is. */
const WINDOW_CLUSTERS = 16_384;
const READ_CLUSTERS = 16;

export type VerificationScope =
  /** So many clusters, half of them of the newest recovery point. */
  | { readonly clusters: number }
  | 'all'
  /** What the cycle of this recovery point wrote. */
  | { readonly sequence: number }
  | { readonly ranges: readonly ByteRange[] };

export interface VerificationOptions extends CallOptions {
  readonly scope: VerificationScope;
  readonly onProgress?: (fraction: number) => void;
}

export interface Verified {
  readonly pointSequence: number;
  readonly bytesChecked: number;
  readonly clustersChecked: number;
}

/** Reads a recovery point back and compares it with what was read at the source. */
export class Verification {
  constructor(
    private readonly chains: ReadChains,
    private readonly digests: DigestMaps,
    private readonly engine: CopyEngine,
  ) {}

  /**
   * Throws `disk.corrupt` with the offset of the first cluster that differs, or whose digest nobody knows;
   * and what `openReadChain` throws.
   */
  async verify(contextId: string, options: VerificationOptions): Promise<Verified> {
    await using chain = await this.chains.openReadChain(contextId, options);
    const { pointSequence } = chain;
    const work: { readonly disk: ChainDisk; readonly clusters: Clusters }[] = [];
    for (const disk of chain.disks)
      work.push({ disk, clusters: await this.clustersOf(disk, pointSequence, chain.disks, options.scope) });
    const total = work.reduce((sum, { clusters }) => sum + clusters.count, 0);
    let bytesChecked = 0;
    let clustersChecked = 0;
    for (const { disk, clusters } of work) {
      for (const window of clusters.windows()) {
        bytesChecked += await this.compare(disk, pointSequence, window, options);
        clustersChecked += sizeOf(window);
        options.onProgress?.(clustersChecked / total);
      }
    }
    return { pointSequence, bytesChecked, clustersChecked };
  }

  /** SHA-256 Merkle root of every disk of the newest recovery point; a leaf is one cluster. Reads every byte. */
  async merkleRoots(
    contextId: string,
    options: CallOptions,
  ): Promise<{ readonly pointSequence: number; readonly roots: ReadonlyMap<string, string> }> {
    await using chain = await this.chains.openReadChain(contextId, options);
    const roots = new Map<string, string>();
    for (const disk of chain.disks) roots.set(disk.disk, await merkleRoot(disk, options));
    return { pointSequence: chain.pointSequence, roots };
  }

  private async compare(
    disk: ChainDisk,
    upTo: number,
    window: readonly Run[],
    { signal }: CallOptions,
  ): Promise<number> {
    const ranges = window.map(({ first, count }) => ({
      offset: first * CLUSTER_BYTES,
      length: Math.min(count * CLUSTER_BYTES, disk.sizeBytes - first * CLUSTER_BYTES),
    }));
    const { address, sizeBytes } = disk;
    const read = await this.engine.digest(
      { source: address, sizeBytes, ranges, limits: DEFAULT_LIMITS },
      { signal },
    );
    for (const { first, count } of window) {
      const expected = await this.digests.expected(disk.volumeId, upTo, first, count);
      for (let i = 0; i < count; i += 1) {
        const known = knownDigest(expected, i);
        if (known === undefined || known !== read.digests.get(first + i))
          throw corrupt(disk, (first + i) * CLUSTER_BYTES, upTo, known === undefined);
      }
    }
    return ranges.reduce((sum, { length }) => sum + length, 0);
  }

  private async clustersOf(
    disk: ChainDisk,
    upTo: number,
    all: readonly ChainDisk[],
    scope: VerificationScope,
  ): Promise<Clusters> {
    const total = clustersIn(disk.sizeBytes);
    if (scope === 'all') return new Clusters([{ first: 0, count: total }]);
    if ('ranges' in scope)
      return new Clusters(
        runsOf(
          mergeRanges(scope.ranges).flatMap(({ offset, length }) => {
            const first = Math.floor(offset / CLUSTER_BYTES);
            const end = Math.min(total, Math.ceil((offset + length) / CLUSTER_BYTES));
            return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
          }),
        ),
      );
    const sequence = 'sequence' in scope ? scope.sequence : upTo;
    const patch = await this.digests.patch(disk.volumeId, sequence);
    try {
      if ('sequence' in scope) {
        if (!patch)
          throw new MigrationError(
            'resource.not-found',
            `Nobody knows what recovery point ${sequence} wrote.`,
            {
              context: { disk: disk.disk, sequence },
            },
          );
        const clusters: number[] = [];
        for await (const cluster of patch.clusters()) clusters.push(cluster);
        return new Clusters(runsOf(clusters));
      }
      const share = Math.ceil(
        (scope.clusters * total) / all.reduce((sum, { sizeBytes }) => sum + clustersIn(sizeBytes), 0),
      );
      const drawn = new Set<number>();
      for (let i = 0; i < share; i += 1) {
        const recent = patch !== undefined && patch.count > 0 && i % 2 === 0;
        drawn.add(recent ? await patch.clusterAt(randomInt(patch.count)) : randomInt(total));
      }
      return new Clusters(runsOf([...drawn]));
    } finally {
      await patch?.[Symbol.asyncDispose]();
    }
  }
}

interface Run {
  readonly first: number;
  readonly count: number;
}

const sizeOf = (runs: readonly Run[]): number => runs.reduce((sum, { count }) => sum + count, 0);

function runsOf(clusters: readonly number[]): Run[] {
  const runs: { first: number; count: number }[] = [];
  for (const cluster of [...clusters].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && cluster < last.first + last.count) continue;
    if (last && cluster === last.first + last.count) last.count += 1;
    else runs.push({ first: cluster, count: 1 });
  }
  return runs;
}

/** Clusters of one disk, handed out in windows that fit into memory. */
class Clusters {
  readonly count: number;

  constructor(private readonly runs: readonly Run[]) {
    this.count = sizeOf(runs);
  }

  *windows(): Generator<readonly Run[]> {
    let window: Run[] = [];
    for (const { first, count } of this.runs) {
      for (let at = 0; at < count;) {
        const part = Math.min(count - at, WINDOW_CLUSTERS - sizeOf(window));
        window.push({ first: first + at, count: part });
        at += part;
        if (sizeOf(window) === WINDOW_CLUSTERS) {
          yield window;
          window = [];
        }
      }
    }
    if (window.length > 0) yield window;
  }
}

async function merkleRoot({ address, sizeBytes }: ChainDisk, { signal }: CallOptions): Promise<string> {
  await using client = await NbdClient.connect(address, { signal, end: 'target' });
  const tree = new MerkleTree();
  for (let offset = 0; offset < sizeBytes; offset += READ_CLUSTERS * CLUSTER_BYTES) {
    const bytes = await client.read(offset, Math.min(READ_CLUSTERS * CLUSTER_BYTES, sizeBytes - offset));
    for (let at = 0; at < bytes.length; at += CLUSTER_BYTES)
      tree.add(merkleLeaf(bytes.subarray(at, at + CLUSTER_BYTES)));
  }
  return tree.root();
}

function corrupt(disk: ChainDisk, offset: number, point: number, unknown: boolean): MigrationError {
  const why = unknown
    ? `Nobody knows what the disk "${disk.disk}" must hold at ${offset}.`
    : `The disk "${disk.disk}" is not what was read at the source, at ${offset}.`;
  return new MigrationError('disk.corrupt', why, { context: { disk: disk.disk, offset, point } });
}

import type { Job, RecoveryPointPage } from '@ossea/api-contract';
import { imageAt, imageSha256 } from './digests.js';
import { heldAtSnapshot } from './held-copy.js';
import type { Stack } from './launch-stack.js';
import { until } from './probe.js';
import type { Site } from './site.js';
import type { TargetHost } from './target-host.js';

export interface WitnessedCycle {
  readonly job: Job;
  /** Of the snapshot's disks at the source, read while the snapshot was open. */
  readonly sourceSha256: readonly string[];
  /** Of the target volumes after the fold. */
  readonly targetSha256: readonly string[];
}

/** What a cycle's job gives. */
export interface CycleResult {
  readonly sequence: number;
  readonly kind: 'full' | 'incremental';
  readonly bytesMoved: number;
  readonly bytesChanged: number;
  readonly bytesResumed: number;
  readonly durationMs: number;
}

export function cycleOf({ kind, result }: Pick<Job, 'kind' | 'result'>): CycleResult {
  const cycle = (result as { readonly cycle?: CycleResult } | undefined)?.cycle;
  if (!cycle) throw new Error(`the job "${kind}" sealed no cycle`);
  return cycle;
}

/**
 * A cycle of the running guest whose snapshot is read at the source by somebody else. The snapshot is open only while
 * the cycle copies, so its copy is held until the witness has read every byte; the guest goes on writing.
 */
export async function witnessedCycle(stack: Stack, site: Site): Promise<WitnessedCycle> {
  const started = await stack.replicate(site.contextId);
  const held = await heldAtSnapshot(stack, site, started);
  let sourceSha256: string[];
  try {
    sourceSha256 = await site.host.snapshotSha256(stack.scratchDir);
  } finally {
    held.release();
  }
  const job = await stack.api.succeeded(started);
  return {
    job,
    sourceSha256,
    targetSha256: await foldedSha256(stack, site.contextId, cycleOf(job).sequence),
  };
}

/** Of the target volumes, by themselves, when a recovery point is in them. */
export async function foldedSha256(
  stack: Stack,
  contextId: string,
  sequence: number,
  target?: TargetHost,
): Promise<string[]> {
  await until(
    `recovery point ${sequence} is folded`,
    async () => {
      const { items } = await stack.api.get<RecoveryPointPage>(
        `/api/v1/vm-contexts/${contextId}/recovery-points?limit=5`,
      );
      return items.find((point) => point.sequence === sequence)?.state === 'folded';
    },
    { timeoutMs: 120_000 },
  );
  const hashes: string[] = [];
  for (const { sizeBytes, read } of await stack.volumes(contextId, target))
    hashes.push(await read((path) => imageSha256(imageAt(path), stack.scratchDir, sizeBytes)));
  return hashes;
}

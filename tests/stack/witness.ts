import type { Job } from '@ossea/api-contract';
import type { Site, Stack } from './launch-stack.js';
import { until } from './probe.js';

export interface WitnessedCycle {
  readonly job: Job;
  /** Of the snapshot's disks at the source, read while the snapshot was open. */
  readonly sourceSha256: readonly string[];
  /** Of the target volumes after the fold. */
  readonly targetSha256: readonly string[];
}

/**
 * A cycle whose snapshot is read at the source by somebody else. The snapshot is open only while the cycle copies,
 * so the storage daemon of the VMA is stopped (SIGSTOP) as soon as the snapshot stands: nothing can be written or
 * sealed until the witness has read every byte; then it goes on.
 */
export async function witnessedCycle(stack: Stack, site: Site): Promise<WitnessedCycle> {
  const job = await stack.replicate(site);
  const pid = await until(
    'the snapshot stands',
    async () => {
      const now = await stack.api.get<Job>(`/api/v1/jobs/${job.id}`);
      if (now.endedAt !== undefined)
        throw new Error(`the cycle ended before it could be witnessed: ${JSON.stringify(now.problem)}`);
      const taken = now.steps?.some(({ name, state }) => name === 'take-snapshot' && state === 'succeeded');
      if (!taken) return undefined;
      const { processes } = await stack.leftBehind();
      return processes.find(({ what }) => what.includes(site.vmaId))?.pid;
    },
    { timeoutMs: 120_000, everyMs: 20 },
  );
  process.kill(pid, 'SIGSTOP');
  let sourceSha256: string[];
  try {
    sourceSha256 = await site.host.snapshotSha256(stack.scratchDir);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const ended = await stack.api.ended(job);
  if (ended.state !== 'succeeded')
    throw new Error(`the cycle ${ended.state}: ${JSON.stringify(ended.problem)}`);
  return { job: ended, sourceSha256, targetSha256: await stack.targetSha256(site) };
}

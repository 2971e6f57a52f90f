import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLUSTER_BYTES, readJournal } from '@ossea/copy-engine';
import type { Job } from '@ossea/api-contract';
import { expect } from 'vitest';
import { heldAtSnapshot, type HeldCopy } from '../stack/held-copy.js';
import { Stack } from '../stack/launch-stack.js';
import { NeverError, until } from '../stack/probe.js';
import type { Site } from '../stack/site.js';
import { cycleOf, foldedSha256, witnessedCycle } from '../stack/witness.js';

/** Checkpoints come after every 64 MiB of a disk: each disk holds several. */
const GUEST = { diskMebibytes: 352, fillMebibytes: 512 };

export interface Scene {
  readonly stack: Stack;
  readonly site: Site;
  readonly held: HeldCopy;
}

/**
 * Kills something in the middle of a first, full cycle, when a share of it stands in the journals, and expects that
 * the same cycle is finished without reading again what was finished, that not a byte differs, and that the next
 * cycle is clean.
 * @param share between 0.2 and 0.6 of all clusters, by the journals; the kill comes at 0.8 at the latest.
 * @param crash kills, and brings back what nobody else brings back.
 */
export async function crashInMidCopy(share: number, crash: (scene: Scene) => Promise<void>): Promise<void> {
  await using stack = await Stack.launch({ guest: GUEST, say: console.log });
  const site = stack.sites[0]!;
  const job = await stack.replicate(site.contextId);
  const held = await heldAtSnapshot(stack, site, job);
  let sourceSha256: string[];
  let finished: number;
  try {
    sourceSha256 = await site.host.snapshotSha256(stack.scratchDir);
    finished = await advanceTo(share, { stack, site, held }, job);
    console.log(`killing at ${Math.round(finished * 100)} % by the journals`);
    await crash({ stack, site, held });
  } finally {
    held.release();
  }
  const ended = await stack.api.succeeded(job, 600_000);
  const cycle = cycleOf(ended);
  console.log(`resumed ${cycle.bytesResumed} bytes, moved ${cycle.bytesMoved}`);
  expect(cycle.kind).toBe('full');
  // all that was in the journals at the kill, and no more than the whole
  expect(cycle.bytesResumed).toBeGreaterThan(0);
  expect(await foldedSha256(stack, site.contextId, cycle.sequence)).toEqual(sourceSha256);
  const next = await witnessedCycle(stack, site);
  expect(cycleOf(next.job).kind).toBe('incremental');
  expect(next.targetSha256).toEqual(next.sourceSha256);
  expect((await stack.leftBehind()).deltas).toEqual([]);
}

/** Lets the copy go on until a share of all clusters is finished and flushed. */
async function advanceTo(share: number, { stack, site, held }: Scene, job: Job): Promise<number> {
  const finished = await until(
    `${Math.round(share * 100)} % stand in the journals`,
    async () => {
      await held.advance(10);
      const now = await finishedShare(site);
      if (now >= share) return now;
      const { endedAt, problem } = await stack.api.get<Job>(`/api/v1/jobs/${job.id}`);
      if (endedAt !== undefined)
        throw new NeverError(`the cycle ended before the kill: ${JSON.stringify(problem)}`);
      return undefined;
    },
    { timeoutMs: 300_000, everyMs: 1 },
  );
  expect(finished).toBeLessThanOrEqual(0.8);
  return finished;
}

async function finishedShare({ journalsDir }: Site): Promise<number> {
  const names = (await readdir(journalsDir).catch(() => [])).filter((name) => name.endsWith('.journal'));
  let [clusters, finished] = [0, 0];
  for (const name of names) {
    const journal = await readJournal(join(journalsDir, name));
    clusters += Math.ceil((journal?.sizeBytes ?? 0) / CLUSTER_BYTES);
    finished += journal?.finished.size ?? 0;
  }
  // both disks must have begun, or the share would be of one of them
  return names.length < 2 || clusters === 0 ? 0 : finished / clusters;
}

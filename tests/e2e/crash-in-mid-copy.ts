import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLUSTER_BYTES, readJournal } from '@ossea/copy-engine';
import type { Job } from '@ossea/api-contract';
import { expect } from 'vitest';
import { heldAtSnapshot, type HeldCopy } from '../stack/held-copy.js';
import type { Stack } from '../stack/launch-stack.js';
import { NeverError, until } from '../stack/probe.js';
import type { Site } from '../stack/site.js';
import { cycleOf, foldedSha256, witnessedCycle, type CycleResult } from '../stack/witness.js';

export interface Scene {
  readonly stack: Stack;
  readonly site: Site;
  readonly held: HeldCopy;
}

/** Of SSH and of everything else that goes through the tunnel beside the bytes of the disks. */
const OVERHEAD = { factor: 1.05, bytes: 16 << 20 };

/**
 * Kills something in the middle of a first, full cycle, when a share of it stands in the journals, and expects that
 * the same cycle is finished, that nothing of what was finished goes through the tunnel again, that not a byte
 * differs, and that the next cycle is clean.
 * @param share of all clusters, by the journals, between 0.2 and 0.6; the kill comes at 0.8 at the latest.
 * @param crash kills, and brings back what nobody else brings back.
 * @returns what the finished cycle tells.
 */
export async function crashInMidCopy(
  stack: Stack,
  share: number,
  crash: (scene: Scene) => Promise<void>,
): Promise<CycleResult> {
  const site = stack.sites[0]!;
  site.contextId = (await stack.manage(site, site.host.vm)).id;
  const job = await stack.replicate(site.contextId);
  const held = await heldAtSnapshot(stack, site, job);
  let sourceSha256: string[];
  let finished: Finished;
  let wire: Wire;
  try {
    sourceSha256 = await site.host.snapshotSha256(stack.scratchDir);
    finished = await advanceTo(share, { stack, site, held }, job);
    wire = await wireOf(stack);
    await crash({ stack, site, held });
  } finally {
    held.release();
  }
  const cycle = cycleOf(await stack.api.succeeded(job, 600_000));
  const now = await wireOf(stack);
  const sent = now.bytes - (now.pid === wire.pid ? wire.bytes : 0);
  // A copy that outlives the kill tells all that it moved; one that began again what it moved itself, and the clusters
  // that it found finished: those from before the kill, and those that were moved between it and the new beginning.
  const missing = cycle.bytesMoved + cycle.bytesResumed - finished.dataBytes;
  console.log(`killed at ${finished.share.toFixed(2)}: ${missing} bytes were missing, ${sent} were sent`);
  expect(cycle.kind).toBe('full');
  expect(sent).toBeLessThan(missing * OVERHEAD.factor + OVERHEAD.bytes);
  expect(await foldedSha256(stack, site.contextId, cycle.sequence)).toEqual(sourceSha256);
  const next = await witnessedCycle(stack, site);
  expect(cycleOf(next.job).kind).toBe('incremental');
  expect(next.targetSha256).toEqual(next.sourceSha256);
  expect((await stack.leftBehind()).deltas).toEqual([]);
  // the next victim gets a first, full cycle again
  await stack.api.run(`/api/v1/vm-contexts/${site.contextId}/release`, { removeVolumes: true });
  return cycle;
}

interface Finished {
  readonly share: number;
  readonly dataBytes: number;
}

/** Lets the copy go on until a share of all clusters is finished and flushed. */
async function advanceTo(share: number, { stack, site, held }: Scene, job: Job): Promise<Finished> {
  const finished = await until(
    `${Math.round(share * 100)} % stand in the journals`,
    async () => {
      await held.advance(10);
      const now = await finishedNow(site);
      if (now.share >= share) return now;
      const { endedAt, problem } = await stack.api.get<Job>(`/api/v1/jobs/${job.id}`);
      if (endedAt !== undefined)
        throw new NeverError(`the cycle ended before the kill: ${JSON.stringify(problem)}`);
      return undefined;
    },
    { timeoutMs: 300_000, everyMs: 1 },
  );
  expect(finished.share).toBeLessThanOrEqual(0.8);
  return finished;
}

async function finishedNow({ journalsDir }: Site): Promise<Finished> {
  const names = (await readdir(journalsDir).catch(() => [])).filter((name) => name.endsWith('.journal'));
  let [clusters, finished, data] = [0, 0, 0];
  for (const name of names) {
    const journal = await readJournal(join(journalsDir, name));
    clusters += Math.ceil((journal?.sizeBytes ?? 0) / CLUSTER_BYTES);
    finished += journal?.finished.size ?? 0;
    for (const digest of journal?.finished.values() ?? []) if (digest !== undefined) data += 1;
  }
  // both disks must have begun, or the share would be of one of them
  const share = names.length < 2 || clusters === 0 ? 0 : finished / clusters;
  return { share, dataBytes: data * CLUSTER_BYTES };
}

interface Wire {
  readonly pid: number;
  readonly bytes: number;
}

/** What the tunnel server has read in its life: nearly all of it comes from the VMA. */
async function wireOf(stack: Stack): Promise<Wire> {
  const pid = await stack.tunnelServerPid();
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  return { pid, bytes: Number(/^rchar: (\d+)/m.exec(io)?.[1]) };
}

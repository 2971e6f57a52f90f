import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Job } from '@ossea/api-contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fileSha256 } from '../stack/digests.js';
import { heldAtSnapshot } from '../stack/held-copy.js';
import { Stack } from '../stack/launch-stack.js';
import { NeverError, until } from '../stack/probe.js';
import type { Site } from '../stack/site.js';
import { cycleOf, witnessedCycle } from '../stack/witness.js';

let stack: Stack;
let site: Site;
beforeAll(async () => {
  stack = await Stack.launch({
    guest: { diskMebibytes: 352, fillMebibytes: 448 },
    say: console.log,
  });
  site = stack.sites[0]!;
});
afterAll(() => stack?.[Symbol.asyncDispose]());

it('a full cycle stops where it is: the answer comes when no byte is written any more', async () => {
  await cancelled();
  const { bytesResumed, kind } = cycleOf((await cleanCycle()).job);
  expect(kind).toBe('full');
  // another snapshot: what was read of the old one is of no use
  expect(bytesResumed).toBe(0);
});

it('an incremental cycle leaves the last recovery point as it was', async () => {
  const before = await volumeHashes();
  await cancelled();
  expect(await volumeHashes()).toEqual(before);
  expect(cycleOf((await cleanCycle()).job).kind).toBe('incremental');
});

async function cancelled(): Promise<void> {
  const job = await stack.replicate(site.contextId);
  const held = await heldAtSnapshot(stack, site, job);
  try {
    await until(
      'a part is copied',
      async () => {
        await held.advance(10);
        const { steps, endedAt } = await stack.api.get<Job>(`/api/v1/jobs/${job.id}`);
        if (endedAt !== undefined) throw new NeverError('the copy ended before it could be cancelled');
        return (steps?.find(({ name }) => name === 'copy-disks')?.percent ?? 0) >= 10;
      },
      { timeoutMs: 120_000, everyMs: 1 },
    );
  } finally {
    held.release();
  }
  const answer = await stack.api.post<Job>(`/api/v1/jobs/${job.id}/cancel`);
  const times = await volumeTimes();
  expect(answer).toMatchObject({ state: 'cancelled', cancelRequested: true });
  const first = await volumeHashes();
  expect(await volumeHashes()).toEqual(first);
  expect(await volumeTimes()).toEqual(times);
  const { exports, deltas, leases, holds } = await stack.leftBehind();
  expect({ exports, deltas, leases, holds }).toEqual({ exports: [], deltas: [], leases: [], holds: [] });
  expect(existsSync(site.host.snapshotSocket), 'the snapshot at the source').toBe(false);
}

async function cleanCycle() {
  const cycle = await witnessedCycle(stack, site);
  expect(cycle.targetSha256).toEqual(cycle.sourceSha256);
  return cycle;
}

async function volumeHashes(): Promise<string[]> {
  return Promise.all((await stack.volumes(site.contextId)).map(({ path }) => fileSha256(path)));
}

async function volumeTimes(): Promise<number[]> {
  return Promise.all(
    (await stack.volumes(site.contextId)).map(async ({ path }) => (await stat(path)).mtimeMs),
  );
}

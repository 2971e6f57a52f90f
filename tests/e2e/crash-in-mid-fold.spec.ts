import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '@ossea/api-contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { heldAtSnapshot } from '../stack/held-copy.js';
import { Stack } from '../stack/launch-stack.js';
import { until } from '../stack/probe.js';
import { cycleOf, foldedSha256, witnessedCycle } from '../stack/witness.js';

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.launch({ say: console.log });
});
afterAll(() => stack?.[Symbol.asyncDispose]());

it('folds again what the OMA was killed in the middle of, to the same bytes', async () => {
  const site = stack.sites[0]!;
  await stack.cycle(site.contextId);
  const { job, fold, sourceSha256 } = await cycleInMidFold();
  expect((await stack.leftBehind()).deltas.map(({ state }) => state)).toContain('folding');
  await stack.oma.kill();
  await until('the fold has ended with its OMA', async () => (await commandOf(fold)) === '');
  await stack.startOma();
  const { sequence, kind } = cycleOf(await stack.api.succeeded(job));
  expect(kind).toBe('incremental');
  expect(await foldedSha256(stack, site.contextId, sequence)).toEqual(sourceSha256);
  const next = await witnessedCycle(stack, site);
  expect(cycleOf(next.job).kind).toBe('incremental');
  expect(next.targetSha256).toEqual(next.sourceSha256);
  expect((await stack.leftBehind()).deltas).toEqual([]);
});

/** A cycle whose fold was stopped in its middle: a small one may be over before anybody can stop it, so again then. */
async function cycleInMidFold(): Promise<{ job: Job; fold: number; sourceSha256: string[] }> {
  const site = stack.sites[0]!;
  for (;;) {
    const job = await stack.replicate(site.contextId);
    const held = await heldAtSnapshot(stack, site, job);
    let sourceSha256: string[];
    try {
      sourceSha256 = await site.host.snapshotSha256(stack.scratchDir);
    } finally {
      held.release();
    }
    let isOver = false;
    const over = stack.api
      .succeeded(job)
      .then(() => until('it is folded', async () => (await stack.leftBehind()).deltas.length === 0))
      .then(
        () => (isOver = true),
        () => undefined,
      );
    const fold = await foldInItsMiddle(() => isOver);
    if (fold !== undefined) return { job, fold, sourceSha256 };
    await over;
  }
}

/** Stops the process that folds when it has written a part, and gives its id; none when it was too fast. */
async function foldInItsMiddle(isOver: () => boolean): Promise<number | undefined> {
  const found = await until('a fold runs', async () => (isOver() ? 'over' : runningFold()), {
    timeoutMs: 120_000,
    everyMs: 1,
  });
  if (found === 'over') return undefined;
  try {
    process.kill(found, 'SIGSTOP');
    while ((await writtenBy(found)) <= 4 << 20) {
      process.kill(found, 'SIGCONT');
      await new Promise((resolve) => setTimeout(resolve, 2));
      process.kill(found, 'SIGSTOP');
    }
    return found;
  } catch {
    // it has ended meanwhile
    return undefined;
  }
}

/** Of the OMA's children, so that a look takes no longer than a fold. */
async function runningFold(): Promise<number | undefined> {
  const { pid } = stack.oma;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  for (const child of children.split(' ').filter(Boolean).map(Number))
    if (/^\S*qemu-img commit /.test(await commandOf(child))) return child;
  return undefined;
}

async function commandOf(pid: number): Promise<string> {
  return (await readFile(join('/proc', String(pid), 'cmdline'), 'latin1').catch(() => '')).replaceAll(
    '\0',
    ' ',
  );
}

async function writtenBy(pid: number): Promise<number> {
  const io = await readFile(join('/proc', String(pid), 'io'), 'utf8');
  return Number(/^wchar: (\d+)/m.exec(io)?.[1] ?? 0);
}

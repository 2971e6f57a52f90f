import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
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
  const job = await stack.replicate(site.contextId);
  const held = await heldAtSnapshot(stack, site, job);
  let sourceSha256: string[];
  try {
    sourceSha256 = await site.host.snapshotSha256(stack.scratchDir);
  } finally {
    held.release();
  }
  const fold = await foldInItsMiddle(stack.directory);
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

/** Stops the process that folds when it has written a part; gives its id. */
async function foldInItsMiddle(directory: string): Promise<number> {
  const pid = await until(
    'a fold runs',
    async () => {
      for (const name of await readdir('/proc'))
        if (/^\d+$/.test(name)) {
          const command = await commandOf(Number(name));
          if (/^\S*qemu-img commit /.test(command) && command.includes(directory)) return Number(name);
        }
      return undefined;
    },
    { timeoutMs: 300_000, everyMs: 1 },
  );
  process.kill(pid, 'SIGSTOP');
  await until(
    'a part is folded',
    async () => {
      process.kill(pid, 'SIGCONT');
      await new Promise((resolve) => setTimeout(resolve, 2));
      process.kill(pid, 'SIGSTOP');
      return (await writtenBy(pid)) > 4 << 20;
    },
    { timeoutMs: 60_000, everyMs: 1 },
  );
  return pid;
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

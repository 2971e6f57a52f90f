import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { VmaList } from '@ossea/api-contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StateFiles } from '../../apps/vma/src/state/state-files.js';
import { heldAtSnapshot } from '../stack/held-copy.js';
import { Stack } from '../stack/launch-stack.js';
import type { Site } from '../stack/site.js';
import { cycleOf, foldedSha256, witnessedCycle } from '../stack/witness.js';

type Ssh2 = typeof import('ssh2');
const ssh2 = createRequire(import.meta.url)('ssh2') as Ssh2;
const exec = promisify(execFile);

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.launch({ vmas: 2, say: console.log });
});
afterAll(() => stack?.[Symbol.asyncDispose]());

it('replicate side by side, each its own machine', async () => {
  const [first, second] = await Promise.all(stack.sites.map((site) => witnessedCycle(stack, site)));
  for (const cycle of [first!, second!]) {
    expect(cycleOf(cycle.job).kind).toBe('full');
    expect(cycle.targetSha256).toEqual(cycle.sourceSha256);
  }
  expect(first!.sourceSha256).not.toEqual(second!.sourceSha256);
});

it('reach neither each other’s exports, by their exact names, nor any other port', async () => {
  const [mine, other] = stack.sites as [Site, Site];
  const jobs = await Promise.all([mine, other].map(({ contextId }) => stack.replicate(contextId)));
  const guests: number[] = [];
  try {
    for (const [index, site] of [mine, other].entries()) {
      const held = await heldAtSnapshot(stack, site, jobs[index]!);
      // from here on the copies wait for their sources, and the storage daemons answer
      guests.push(await site.host.pid());
      process.kill(guests.at(-1)!, 'SIGSTOP');
      held.release();
    }
    const { exports } = await stack.leftBehind();
    expect(exports).toHaveLength(4);
    for (const name of exports) {
      const answers = await Promise.all([mine, other].map((site) => asked(site, name)));
      expect(answers.filter(({ found }) => found)).toHaveLength(1);
      for (const { found, words } of answers) if (!found) expect(words).toMatch(/no export named/i);
    }
    await noOtherPort(mine, other);
  } finally {
    for (const pid of guests) process.kill(pid, 'SIGCONT');
  }
  for (const [index, { contextId }] of [mine, other].entries()) {
    const job = await stack.api.succeeded(jobs[index]!);
    await foldedSha256(stack, contextId, cycleOf(job).sequence);
  }
});

/** What a VMA sees of an export through its own tunnel. */
async function asked({ vma }: Site, name: string): Promise<{ found: boolean; words: string }> {
  const uri = `nbd+unix:///${name}?socket=${vma.ready.nbdSocketPath}`;
  try {
    return { found: true, words: (await exec('nbdinfo', ['--size', uri])).stdout };
  } catch (error) {
    return { found: false, words: String(error) };
  }
}

/** What a VMA's own key can be made to do with an SSH client that asks for anything. */
async function noOtherPort(mine: Site, other: Site): Promise<void> {
  const { privateKey } = await new StateFiles(mine.vma.stateDir).keyPair();
  const { items } = await stack.api.get<VmaList>('/api/v1/admin/vma');
  const client = new ssh2.Client();
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('error', reject).once('ready', () => resolve());
      const port = stack.oma.ready.tunnelPort;
      client.connect({ host: '127.0.0.1', port, username: 'vma', privateKey, strictVendor: false });
    });
    const ask = (port: number) =>
      new Promise((resolve) =>
        client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, (error) => resolve(error ?? 'granted')),
      );
    expect(await ask(10_809), 'its own exports').toBe('granted');
    const ports = [
      22,
      80,
      10_808,
      8081,
      9081,
      9082,
      stack.oma.ready.tunnelPort,
      Number(new URL(stack.oma.ready.httpUrl).port),
      other.vma.ready.apiPort,
      ...items.flatMap(({ agentPort }) => agentPort ?? []),
    ];
    for (const port of ports) expect(await ask(port), `port ${port}`).toBeInstanceOf(Error);
  } finally {
    client.destroy();
  }
}

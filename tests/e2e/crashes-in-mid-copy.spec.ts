import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stack } from '../stack/launch-stack.js';
import { crashInMidCopy } from './crash-in-mid-copy.js';

let stack: Stack;
beforeAll(async () => {
  // checkpoints come after every 64 MiB of a disk: each disk holds several
  stack = await Stack.launch({ guest: { diskMebibytes: 352, fillMebibytes: 448 }, say: console.log });
  await stack.api.run(`/api/v1/vm-contexts/${stack.sites[0]!.contextId}/release`);
});
afterAll(() => stack?.[Symbol.asyncDispose]());

it('kills the VMA: the copy begins again where its journal ends', async () => {
  const { bytesResumed } = await crashInMidCopy(stack, 0.25, async ({ site, held }) => {
    await site.vma.kill();
    held.release();
    await site.vma.start();
  });
  expect(bytesResumed).toBeGreaterThan(0);
});

it('kills the OMA: it owns its job again and goes on', async () => {
  await crashInMidCopy(stack, 0.4, async ({ held }) => {
    await stack.oma.kill();
    held.release();
    await stack.startOma();
  });
});

it('kills the tunnel server: it is started again and the VMA dials in', async () => {
  await crashInMidCopy(stack, 0.5, async ({ held }) => {
    process.kill(await stack.tunnelServerPid(), 'SIGKILL');
    held.release();
  });
});

it('kills the storage daemon: it is started again with its exports', async () => {
  await crashInMidCopy(stack, 0.33, async ({ held }) => {
    process.kill(held.daemonPid, 'SIGKILL');
  });
});

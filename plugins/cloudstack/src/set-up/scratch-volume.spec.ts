import { afterEach, expect, it } from 'vitest';
import { clientOf, QuickClock } from '../client/testing/small-api.js';
import { SCRATCH_PREFIX, tryScratchVolume } from './scratch-volume.js';
import { SELECTION, SmallCloud, type Trouble } from './testing/small-cloud.js';

const call = { signal: new AbortController().signal };
let cloud: SmallCloud;
afterEach(() => cloud.stop());

async function trial(trouble: Trouble = {}, options: { readonly signal: AbortSignal } = call) {
  cloud = await new SmallCloud().start(trouble);
  await using client = clientOf(cloud.api.url, new QuickClock());
  const { credentials, context } = cloud;
  return await tryScratchVolume(
    { client, credentials, selection: SELECTION, dataDisks: 32, log: context.log, detachAgainMs: 1 },
    options,
  );
}

it('makes, attaches at an explicit place, finds, writes, reads, detaches and deletes a volume', async () => {
  const outcome = await trial();
  expect(outcome).toMatchObject({
    outcome: 'pass',
    message: expect.stringContaining('as device 1') as string,
  });
  const commands = cloud.api.asked.map(({ command }) => command).filter((one) => !/^(list|query)/.test(one));
  expect(commands).toEqual(['createVolume', 'attachVolume', 'detachVolume', 'deleteVolume']);
  expect(cloud.api.asked[0]?.parameters).toMatchObject({
    name: expect.stringContaining(SCRATCH_PREFIX) as string,
    size: '1',
    diskofferingid: 'd1',
    zoneid: 'z1',
  });
  expect(cloud.left).toBe(undefined);
});

it.each([
  [
    'attached',
    { attach: { fault: 431, text: 'Please specify a VM' } },
    /could not be attached.*Nothing of it is left/,
  ],
  ['deleted at first', { delete: { fault: 530, text: 'Not now' } }, /could not be deleted.*remains/],
])('says what could not be %s', async (_what, trouble, message) => {
  expect(await trial(trouble)).toMatchObject({
    outcome: 'fail',
    message: expect.stringMatching(message) as string,
    remedy: expect.any(String) as string,
  });
});

it('removes a volume that is never found, and says what remains when it does not detach', async () => {
  const refused = { fault: 431, text: 'Could not detach volume' };
  const outcome = await trial({ detach: refused });
  expect(outcome).toMatchObject({
    outcome: 'fail',
    message: expect.stringMatching(/could not be detached.*remains: Could not detach volume/) as string,
    remedy: expect.stringContaining(SCRATCH_PREFIX) as string,
  });
  expect(cloud.left).toMatchObject({ name: expect.stringContaining(SCRATCH_PREFIX) as string });
  expect(cloud.logged).toContain('A trial volume remains.');
  // three times by the trial and three times by its clean-up
  expect(cloud.api.count('detachVolume')).toBe(6);
});

it('cleans up also where the trial is ended in the middle of it', async () => {
  const controller = new AbortController();
  const before = cloud;
  const ended = trial({ noDevice: true }, controller);
  const attached = setInterval(() => {
    if (cloud !== before && cloud.api.count('attachVolume') === 1) controller.abort();
  }, 5);
  await expect(ended).rejects.toMatchObject({ code: 'call.aborted' });
  clearInterval(attached);
  expect(cloud.left).toBe(undefined);
  expect(cloud.api.count('deleteVolume')).toBe(1);
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { CopySite, SIZE_BYTES } from './copy-site.js';

let site: CopySite;
beforeAll(async () => {
  site = await CopySite.start();
});
afterAll(() => site[Symbol.asyncDispose]());

it('goes on when the tunnel comes back while nobody watches, and no byte is missing', async () => {
  site.slowly();
  await site.vma.api.startCopy('copy-1', site.order());
  await site.vma.api.copyEvents(
    'copy-1',
    (event) => 'progress' in event && event.progress.bytesDone > 2 << 20,
  );
  await site.site.vanish();
  await site.site.listen();
  await until('the VMA is connected again', () => site.site.connected.has(site.vma.vmaId));
  const events = await site.vma.api.copyEvents('copy-1');
  expect(events.at(-1)).toMatchObject({ result: { bytesDone: SIZE_BYTES } });
  expect(await site.isSame()).toBe(true);
});

it('ends by itself when the storage daemon is gone for good', async () => {
  site.slowly();
  await site.vma.api.startCopy('copy-2', site.order());
  await site.vma.api.copyEvents(
    'copy-2',
    (event) => 'progress' in event && event.progress.bytesDone > 1 << 20,
  );
  await site.target.kill('SIGKILL');
  const events = await site.vma.api.copyEvents('copy-2');
  expect(events.at(-1)).toMatchObject({
    problem: { code: 'nbd.connection-lost', context: { end: 'target' }, retryable: true },
  });
  await site.serveTarget();
  await site.vma.api.startCopy('copy-2', site.order());
  expect((await site.vma.api.copyEvents('copy-2')).at(-1)).toHaveProperty('result');
  expect(await site.isSame()).toBe(true);
});

import { expect, it } from 'vitest';
import { createTransports } from '../../../../plugins/vmware/src/transports/index.js';
import { until } from '../../../stack/probe.js';
import { anyCertificate } from './certificates.js';
import { openVddkBench } from './fake-vddk.js';
import { call, errorOf, hostOf, snapshotDisk } from './reader-bench.js';

it('an open that is aborted while VDDK connects leaves neither a process nor a file', async () => {
  await using bench = await openVddkBench({ fail: () => 'slow:1000' });
  const { cert } = await anyCertificate();
  const [vddk] = await createTransports(bench.settings, hostOf(bench, cert), call);
  const controller = new AbortController();
  const opening = errorOf(vddk!.open(snapshotDisk(), { signal: controller.signal }));
  await until('VDDK connects', async () => (await bench.calls()).length > 0, { everyMs: 20 });
  controller.abort();
  expect(await opening).toMatchObject({ code: 'call.aborted' });
  expect(await bench.leftovers()).toEqual([]);
  // it was let go when VDDK let go of it
  expect(await bench.started[0]!.process.exited).toEqual({ code: 0, signal: null });

  // before it has begun
  expect(await errorOf(vddk!.open(snapshotDisk(), { signal: controller.signal }))).toMatchObject({
    code: 'call.aborted',
  });
  expect(bench.started).toHaveLength(1);
});

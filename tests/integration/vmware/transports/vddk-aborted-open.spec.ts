import { expect, it } from 'vitest';
import { createTransports } from '../../../../plugins/vmware/src/transports/index.js';
import { until } from '../../../stack/probe.js';
import { certify } from './certificates.js';
import { openVddkBench } from './fake-vddk.js';
import { call, errorOf, hostOf, snapshotDisk } from './reader-bench.js';

it('an open that is aborted while VDDK connects leaves neither a process nor a file', async () => {
  await using bench = await openVddkBench({ fail: () => 'hang' });
  const { cert } = await certify({ commonName: 'vc.example' });
  const [vddk] = await createTransports(bench.settings, hostOf(bench, cert), call);
  const controller = new AbortController();
  const opening = errorOf(vddk!.open(snapshotDisk(), { signal: controller.signal }));
  await until('VDDK connects', async () => (await bench.calls()).length > 0, { everyMs: 20 });
  controller.abort();
  expect(await opening).toMatchObject({ code: 'call.aborted' });
  expect(await bench.leftovers()).toEqual([]);
  // it does not heed SIGTERM while VDDK holds it, and is killed then
  expect(await bench.started[0]!.process.exited).toEqual({ code: null, signal: 'SIGKILL' });

  // before it has begun
  expect(await errorOf(vddk!.open(snapshotDisk(), { signal: controller.signal }))).toMatchObject({
    code: 'call.aborted',
  });
  expect(bench.started).toHaveLength(1);
});

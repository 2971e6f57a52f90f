import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTransports } from '../../../../plugins/vmware/src/transports/index.js';
import { until } from '../../../stack/probe.js';
import { anyCertificate } from './certificates.js';
import { openVddkBench } from './fake-vddk.js';
import { call, contentOf, hashOf, hostOf, snapshotDisk } from './reader-bench.js';

it('a connection of VDDK that is lost while it reads is made anew, and the copy goes on', async () => {
  await using bench = await openVddkBench({ fail: (directory) => `read-while:${join(directory, 'lost')}` });
  const lost = join(bench.scratchDir, 'lost');
  const { cert } = await anyCertificate();
  const [vddk] = await createTransports(bench.settings, hostOf(bench, cert), call);
  const lease = await vddk!.open(snapshotDisk(), call);
  await writeFile(lost, '');
  const copied = contentOf(lease);
  await until('a read has failed', () =>
    bench.started[0]!.process.stderrTail().includes('connection was lost'),
  );
  await rm(lost);
  expect(await copied).toBe(await hashOf(bench.file));
  await lease[Symbol.asyncDispose]();
  // the probe, the copy, and the copy again
  expect((await bench.calls()).filter((line) => line['call'] === 'ConnectEx')).toHaveLength(3);
  const [trouble] = bench.log.filter(({ level }) => level === 'warn');
  expect(trouble?.details).toContain('The connection was lost');
});

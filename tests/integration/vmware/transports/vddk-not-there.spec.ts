import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  chooseTransport,
  createTransports,
  describeChoice,
  readersSchema,
} from '../../../../plugins/vmware/src/transports/index.js';
import { anyCertificate } from './certificates.js';
import { openVddkBench } from './fake-vddk.js';
import { call, hostOf, makeDirectory, snapshotDisk } from './reader-bench.js';

it('whoever has no usable VDDK is told what is missing and where to put it', async () => {
  await using bench = await openVddkBench();
  const { cert } = await anyCertificate();
  const host = hostOf(bench, cert);
  const { plugin } = bench.settings.vddk!;
  const empty = await makeDirectory(join(bench.scratchDir, 'empty'));
  const because = async (vddk?: object): Promise<string> => {
    const settings = readersSchema.parse({ order: ['vddk'], ...(vddk ? { vddk } : {}) });
    const assessment = (await createTransports(settings, host, call))[0]!.assess(snapshotDisk());
    return assessment.usable ? 'usable' : assessment.because;
  };
  expect(await because()).toMatch(/not set up.*proprietary.*set libdir/);
  expect(await because({ libdir: empty, plugin })).toMatch(/no VDDK in ".*empty".*proprietary/);
  expect(await because({ libdir: join(empty, 'no'), plugin })).toMatch(/No such file or directory/);
  expect(await because({ libdir: empty, plugin: 'no-such-plugin' })).toMatch(
    /not installed.*nbdkit-plugin-vddk/,
  );
  expect(await because({ libdir: empty, plugin: 'null' })).toMatch(
    /does not read VMware's disks|unknown parameter|option/,
  );
  expect(await because({ libdir: bench.libdir, plugin, transports: 'san:hotadd' })).toMatch(
    /transport modes/,
  );
  expect(await because({ libdir: bench.libdir, plugin })).toBe('usable');
});

it('the datastore reads in its place where it can, and the operator is told so', async () => {
  await using bench = await openVddkBench();
  const { cert } = await anyCertificate();
  const transports = await createTransports(readersSchema.parse({}), hostOf(bench, cert), call);
  expect(transports.map(({ id }) => id)).toEqual(['vddk', 'datastore']);
  const disk = snapshotDisk();
  const choice = chooseTransport(transports, disk);
  expect(choice.chosen?.id).toBe('datastore');
  expect(describeChoice(choice, disk)).toMatchObject({
    code: 'disk.reader',
    severity: 'information',
    message: expect.stringMatching(
      /^"Hard disk 1" is read by the datastore over HTTPS\. VDDK cannot: It is not set up/,
    ) as string,
  });
  const chain = snapshotDisk({ hasParent: true });
  expect(describeChoice(chooseTransport(transports, chain), chain)).toMatchObject({
    code: 'disk.no-reader',
    severity: 'blocker',
    message: expect.stringMatching(
      /VDDK cannot: .* The datastore over HTTPS cannot: .*stands on another/,
    ) as string,
  });
});

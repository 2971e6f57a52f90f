import { expect, it } from 'vitest';
import { createTransports } from '../../../../plugins/vmware/src/transports/index.js';
import { anyCertificate } from './certificates.js';
import { openVddkBench } from './fake-vddk.js';
import { PASSWORD, call, errorOf, hostOf, snapshotDisk, transportOf } from './reader-bench.js';

it.each([
  ['thumbprint:AA:BB', 'peer.untrusted', /another certificate/],
  ['login', 'auth.rejected', /user or the password/],
  ['license', 'license.restricted', /licence/],
  ['open', 'peer.forbidden', /VirtualMachine\.Provisioning\.DiskRandomRead/],
  ['nfc-limit', 'resource.busy', /Lower the number of disks/],
  ['unreachable', 'peer.unreachable', /port 902/],
])('VDDK that fails with %s means %s', async (fail, code, message) => {
  await using bench = await openVddkBench({ fail: () => fail });
  const { cert } = await anyCertificate();
  const transports = await createTransports(bench.settings, hostOf(bench, cert), call);
  const error = await errorOf(transportOf(transports, 'vddk').open(snapshotDisk(), call));
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
  expect(error.message).toMatch(/^Disk "Hard disk 1" cannot be read by VDDK: /);
  expect(String(error) + String(error.cause)).not.toContain(PASSWORD);
  // one login and no more: an account is locked after a few that fail
  expect((await bench.calls()).filter((line) => line['call'] === 'ConnectEx')).toHaveLength(1);
  expect(await bench.leftovers()).toEqual([]);
  await bench.started[0]!.process.exited;
});

it('a disk that is gone means resource.not-found', async () => {
  await using bench = await openVddkBench();
  const { cert } = await anyCertificate();
  const [vddk] = await createTransports(bench.settings, hostOf(bench, cert), call);
  const gone = snapshotDisk({ fileName: '[LocalDS_0] vm1/gone.vmdk' });
  expect(await errorOf(vddk!.open(gone, call))).toMatchObject({ code: 'resource.not-found' });
  expect(await bench.leftovers()).toEqual([]);
});

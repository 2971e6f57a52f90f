import { expect, it } from 'vitest';
import { certify } from './certificates.js';
import { openDatastoreBench } from './datastore-bench.js';
import { MIB, call, errorOf, snapshotDisk } from './reader-bench.js';

it('what the server refuses, and what cannot be read as a file', async () => {
  const shown = await certify({ commonName: 'vc', names: ['IP:127.0.0.1'] });
  await using bench = await openDatastoreBench(shown);
  const { server } = bench;
  const transport = await bench.transport();
  for (const [status, code] of [
    [401, 'auth.rejected'],
    [403, 'peer.forbidden'],
    [404, 'resource.not-found'],
    [503, 'resource.busy'],
    [500, 'peer.protocol'],
  ] as const) {
    server.status = status;
    server.seen.length = 0;
    expect(await errorOf(transport.open(snapshotDisk(), call))).toMatchObject({ code });
    // nbdkit does not try again behind our back; we do, once, where only the session may have ended
    expect(server.seen.length).toBeLessThanOrEqual(status === 401 ? 4 : 2);
  }
  server.status = undefined;
  expect(await errorOf(transport.open(snapshotDisk({ sizeBytes: 16 * MIB }), call))).toMatchObject({
    code: 'disk.size-mismatch',
  });
  const elsewhere = snapshotDisk({
    datastore: { name: 'LocalDS_0', type: 'VMFS', datacenterPath: 'other/DC0' },
  });
  expect(await errorOf(transport.open(elsewhere, call))).toMatchObject({ code: 'resource.not-found' });
  await server[Symbol.asyncDispose]();
  expect(await errorOf(transport.open(snapshotDisk(), call))).toMatchObject({ code: 'peer.unreachable' });
  expect(await bench.leftovers()).toEqual([]);

  for (const [more, because] of [
    [{ hasParent: true }, /stands on another one/],
    [{ encrypted: true }, /encrypted/],
    [{ rdm: 'virtual' }, /raw device/],
    [{ backingType: 'VirtualDiskSeSparseBackingInfo' }, /VirtualDiskSeSparse\./],
    [{ datastore: { name: 'a', type: 'vsan', datacenterPath: '' } }, /vSAN/],
    [{ datastore: { name: 'a', type: 'VVOL', datacenterPath: '' } }, /Virtual Volumes/],
    [{ datastore: { name: 'a', type: 'PMEM', datacenterPath: '' } }, /"PMEM"/],
    [{ fileName: '' }, /no file/],
  ] as const)
    expect(transport.assess(snapshotDisk(more))).toMatchObject({
      usable: false,
      because: expect.stringMatching(because) as string,
    });
});

import { readFile, stat } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { certify } from './certificates.js';
import { openDatastoreBench } from './datastore-bench.js';
import { call, contentOf, everyProcess, hashOf, snapshotDisk } from './reader-bench.js';

const STRANGE = {
  datacenterPath: 'prod + test/DC ü%#&',
  datastore: 'nfs+ü 100% #1&2',
  path: "we'ird + vm#1/ä & b%",
};

it('a disk with strange names is read through the relay, and TLS stays between curl and the server', async () => {
  // made out to a name at which the server cannot be reached from here
  const shown = await certify({ commonName: 'vcenter', names: ['DNS:vc.site.example'] });
  const name = `${STRANGE.datacenterPath}|${STRANGE.datastore}|${STRANGE.path}-flat.vmdk`;
  await using bench = await openDatastoreBench(shown, name);
  const transport = await bench.transport();
  const disk = snapshotDisk({
    fileName: `[${STRANGE.datastore}] ${STRANGE.path}.vmdk`,
    datastore: { name: STRANGE.datastore, type: 'NFS', datacenterPath: STRANGE.datacenterPath },
  });
  expect(transport.assess(disk)).toEqual({ usable: true });
  const lease = await transport.open(disk, call);
  expect(await contentOf(lease, 4)).toBe(await hashOf(bench.file));
  for (const seen of bench.server.seen)
    expect(seen).toMatchObject({
      host: `vc.site.example:${bench.server.port}`,
      servername: 'vc.site.example',
    });

  // the cookie stands in a file that nobody else can read, and nowhere else
  const room = lease.value.transport === 'nbd-unix' ? lease.value.path.replace(/\/s$/, '') : '';
  expect(await readFile(`${room}/c`, 'utf8')).toBe('vmware_soap_session="first"\n');
  expect((await stat(`${room}/c`)).mode & 0o777).toBe(0o600);
  expect(await everyProcess()).not.toMatch(/vmware_soap_session="first"/);
  expect(bench.started[0]!.process.stderrTail()).toBe('');

  await lease[Symbol.asyncDispose]();
  await lease[Symbol.asyncDispose]();
  expect(await bench.started[0]!.process.exited).toEqual({ code: 0, signal: null });
  expect(await bench.leftovers()).toEqual([]);
  expect(bench.log.filter(({ level }) => level !== 'debug')).toEqual([]);
});

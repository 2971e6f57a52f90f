import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTransports, readersSchema } from '../../../../plugins/vmware/src/transports/index.js';
import { anyCertificate } from './certificates.js';
import {
  MIB,
  PASSWORD,
  call,
  contentOf,
  errorOf,
  everyProcess,
  hashOf,
  hostOf,
  makeDirectory,
  openBench,
  snapshotDisk,
} from './reader-bench.js';

it('any plugin of nbdkit reads disks by configuration, and gets the password as a file only', async () => {
  await using bench = await openBench();
  const { cert } = await anyCertificate();
  const host = hostOf(bench, cert);
  const directory = await makeDirectory(join(bench.scratchDir, 'store/LocalDS_0/snapshot-70'));
  const file = join(directory, 'vm-51');
  await writeFile(file, randomBytes(MIB));
  const disk = snapshotDisk({ sizeBytes: MIB });

  // it gives the disk only to whoever shows the password
  const guard = `test "$(cat '{passwordFile}')" = '${PASSWORD}' && `;
  const eval_ = {
    plugin: 'eval',
    filters: ['noextents'],
    parameters: {
      get_size: `${guard.replace(PASSWORD, '\'"$(cat EXPECTED)"\'')}stat -L -c %s 'STORE/{datastore}/{snapshot}/{vm}'`,
      pread:
        "dd iflag=skip_bytes,count_bytes skip=$4 count=$3 if='STORE/{datastore}/{snapshot}/{vm}' status=none",
    },
  };
  const expected = join(bench.scratchDir, 'expected');
  await writeFile(expected, PASSWORD, { mode: 0o600 });
  const settings = readersSchema.parse(
    JSON.parse(
      JSON.stringify({ order: ['nbdkit'], nbdkit: eval_ })
        .replaceAll('STORE', join(bench.scratchDir, 'store'))
        .replaceAll('EXPECTED', expected),
    ),
  );
  const [custom] = await createTransports(settings, host, call);
  expect(custom!.about).toMatch(/^nbdkit's plugin "eval": version 1\./);
  expect(custom!.assess(disk)).toEqual({ usable: true });
  expect(custom!.assess({ ...disk, hasParent: true })).toMatchObject({ usable: false });
  expect(custom!.assess({ ...disk, encrypted: true })).toMatchObject({ usable: false });

  const lease = await custom!.open(disk, call);
  expect(bench.started[0]!.args).toContain('--filter=noextents');
  expect(await everyProcess()).not.toContain(PASSWORD);
  expect(await contentOf(lease)).toBe(await hashOf(file));
  await lease[Symbol.asyncDispose]();
  expect(await bench.leftovers()).toEqual([]);

  expect(await errorOf(custom!.open({ ...disk, sizeBytes: 2 * MIB }, call))).toMatchObject({
    code: 'disk.size-mismatch',
  });
  expect(await errorOf(custom!.open({ ...disk, vm: 'vm-52' }, call))).toMatchObject({
    code: 'process.failed',
  });
  expect(await bench.leftovers()).toEqual([]);
});

it('a plugin that is not installed says so, and one that is not configured is not there', async () => {
  await using bench = await openBench();
  const { cert } = await anyCertificate();
  const host = hostOf(bench, cert);
  const missing = readersSchema.parse({ order: ['nbdkit'], nbdkit: { plugin: 'nfc', chains: true } });
  const [custom] = await createTransports(missing, host, call);
  expect(custom!.assess(snapshotDisk())).toMatchObject({
    usable: false,
    because: expect.stringMatching(/plugin of nbdkit is not installed/) as string,
  });
  expect(await createTransports(readersSchema.parse({ order: ['nbdkit'] }), host, call)).toEqual([]);
});

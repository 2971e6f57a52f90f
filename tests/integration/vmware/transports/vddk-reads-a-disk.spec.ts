import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlockEndpoint, Lease } from '@ossea/plugin-sdk';
import { createTransports, type DiskTransport } from '../../../../plugins/vmware/src/transports/index.js';
import { anyCertificate } from './certificates.js';
import { openVddkBench, type VddkBench } from './fake-vddk.js';
import {
  MIB,
  PASSWORD,
  call,
  contentOf,
  everyProcess,
  hashOf,
  hostOf,
  run,
  snapshotDisk,
  transportOf,
  uriOf,
} from './reader-bench.js';

/** It ends within a chunk of 64 KiB. */
const SIZE_BYTES = 8 * MIB + 5 * 512;

describe('the VDDK reader', () => {
  let bench: VddkBench;
  let vddk: DiskTransport;
  let lease: Lease<BlockEndpoint>;
  let thumbprint = '';
  const disk = snapshotDisk({ sizeBytes: SIZE_BYTES });

  beforeAll(async () => {
    bench = await openVddkBench({ sizeBytes: SIZE_BYTES });
    const { cert } = await anyCertificate();
    const host = hostOf(bench, cert);
    thumbprint = host.certificate.sha1;
    vddk = transportOf(await createTransports(bench.settings, host, call), 'vddk');
    lease = await vddk.open(disk, call);
  });
  afterAll(async () => {
    await lease?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  it('says what is installed, and reads whatever VDDK can', () => {
    expect(vddk.about).toMatch(
      /^VDDK 8 by nbdkit-vddk-plugin 1\.42\.3; transport modes: file, nbdssl, nbd\./,
    );
    for (const more of [
      { hasParent: true },
      { encrypted: true },
      { backingType: 'VirtualDiskSeSparseBackingInfo' },
      { datastore: { name: 'vs', type: 'vsan', datacenterPath: 'DC0' } },
      { rdm: 'virtual', backingType: 'VirtualDiskRawDiskMappingVer1BackingInfo' } as const,
    ])
      expect(vddk.assess(snapshotDisk(more))).toEqual({ usable: true });
    expect(vddk.assess(snapshotDisk({ rdm: 'physical' }))).toMatchObject({ usable: false });
  });

  it('asks VDDK once for a connection and the disk of the snapshot, with the checked thumbprint', async () => {
    expect(lease.value).toMatchObject({ transport: 'nbd-unix', exportName: '', sizeBytes: SIZE_BYTES });
    const [connect, open, ...rest] = await bench.calls();
    expect(connect).toMatchObject({
      call: 'ConnectEx',
      vmx: 'moref=vm-51',
      server: '127.0.0.1',
      port: 443,
      thumbprint,
      user: 'ossea@vsphere.local',
      credType: 1,
      passlen: PASSWORD.length,
      readonly: 1,
      snapshot: 'snapshot-70',
      transports: 'nbdssl:nbd',
    });
    // 4: read-only, 64: skipz
    expect(open).toMatchObject({ call: 'Open', path: disk.fileName, file: bench.file, flags: 68 });
    expect(rest.map((line) => line['call'])).toEqual(['Close']);
  });

  it('starts nbdkit with exactly this', () => {
    const room = lease.value.transport === 'nbd-unix' ? lease.value.path.replace(/\/s$/, '') : '';
    const { vddk: settings } = bench.settings;
    expect(bench.started.map(({ args }) => args)).toEqual([
      [
        '--foreground',
        '--readonly',
        '--exit-with-parent',
        `--unix=${room}/s`,
        `--pidfile=${room}/p`,
        '--threads=4',
        '--verbose',
        ...['-D', 'vddk.datapath=0', '-D', 'nbdkit.backend.datapath=0', '-D', 'nbdkit.backend.controlpath=0'],
        '--filter=blocksize',
        '--filter=retry',
        settings!.plugin,
        `libdir=${settings!.libdir}`,
        'server=127.0.0.1',
        'port=443',
        'user=ossea@vsphere.local',
        `password=+${room}/w`,
        `thumbprint=${thumbprint}`,
        'vm=moref=vm-51',
        'snapshot=snapshot-70',
        'compression=skipz',
        'transports=nbdssl:nbd',
        'minblock=512',
        `maxdata=${2 * MIB}`,
        'retries=3',
        'retry-delay=4',
        'retry-exponential=yes',
        'file=[LocalDS_0] vm1/disk1.vmdk',
      ],
    ]);
  });

  it('gives the bytes of the disk, its holes too, over one connection of VDDK for each of NBD', async () => {
    const before = (await bench.calls()).filter((line) => line['call'] === 'ConnectEx').length;
    expect(await contentOf(lease)).toBe(await hashOf(bench.file));
    const after = (await bench.calls()).filter((line) => line['call'] === 'ConnectEx').length;
    expect(after - before).toBe(1);

    const { stdout } = await run.exec({ command: 'nbdinfo', args: ['--map', '--json', uriOf(lease)] }, call);
    const map = JSON.parse(stdout) as { offset: number; length: number; type: number }[];
    expect(map.map(({ offset, length, type }) => [offset, length, type])).toEqual([
      [0, MIB, 3],
      [MIB, 128 * 1024, 0],
      [MIB + 128 * 1024, 7 * MIB - 128 * 1024, 3],
      [8 * MIB, 5 * 512, 0],
    ]);
  });

  it('shows the password to nobody', async () => {
    expect(await everyProcess()).not.toContain(PASSWORD);
    expect(bench.started[0]!.process.stderrTail()).not.toContain(PASSWORD);
    expect(JSON.stringify(bench.log)).not.toContain(PASSWORD);
    // nbdkit has it in memory: the file was there for its start only
    const room = lease.value.transport === 'nbd-unix' ? lease.value.path.replace(/s$/, '') : '';
    await expect(stat(`${room}w`)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await stat(room)).mode & 0o777).toBe(0o700);
  });

  it('refuses a disk of another size', async () => {
    await expect(vddk.open({ ...disk, sizeBytes: 8 * MIB }, call)).rejects.toMatchObject({
      code: 'disk.size-mismatch',
      context: { expectedBytes: 8 * MIB, foundBytes: SIZE_BYTES },
    });
    expect(await bench.leftovers()).toHaveLength(1);
  });

  it('leaves nothing behind when it ends, once or twice', async () => {
    const { process } = bench.started[0]!;
    await Promise.all([lease[Symbol.asyncDispose](), lease[Symbol.asyncDispose]()]);
    // by itself after SIGTERM, and not killed
    expect(await process.exited).toEqual({ code: 0, signal: null });
    expect(await bench.leftovers()).toEqual([]);
    expect(bench.log.filter(({ level }) => level !== 'debug')).toEqual([]);
  });
});

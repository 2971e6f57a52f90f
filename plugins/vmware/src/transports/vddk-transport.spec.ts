import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PluginContext, ProcessSpec } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SnapshotDisk, TransportHost } from './disk-transport.js';
import { RunRooms } from './run-rooms.js';
import { vddkSchema } from './transport-settings.js';
import { VddkTransport } from './vddk-transport.js';

const call = { signal: new AbortController().signal };
const DISK: SnapshotDisk = {
  vm: 'vm-51',
  snapshot: 'snapshot-70',
  key: '2000',
  label: 'Hard disk 1',
  sizeBytes: 1_048_576 + 512,
  fileName: '[ds] a=b/c.vmdk',
  datastore: { name: 'ds', type: 'vsan', datacenterPath: 'DC0' },
  backingType: 'VirtualDiskFlatVer2BackingInfo',
  hasParent: true,
  encrypted: false,
};

let scratchDir = '';
beforeEach(async () => {
  scratchDir = await mkdtemp(join(tmpdir(), 'vt-'));
});
afterEach(() => rm(scratchDir, { recursive: true, force: true }));

/** The command line for the disk, with programs that do nothing. */
async function commandLine(
  disk: SnapshotDisk,
  { version = '1.42.3', viaVcenter = true, ...settings }: Record<string, unknown> = {},
): Promise<readonly string[]> {
  const started: ProcessSpec[] = [];
  const dump = `version=${version}\nvddk_default_libdir=x\nvddk_has_nfchostport=1\nvddk_library_version=8\nVixDiskLib_QueryAllocatedBlocks=1\n`;
  const context = {
    scratchDir,
    log: {},
    run: {
      exec: async ({ command }: { command: string }) => ({
        stdout: command === 'nbdinfo' ? `${disk.sizeBytes}\n` : dump,
        stderr: '',
      }),
      start: async (spec: ProcessSpec) => {
        started.push(spec);
        return {
          pid: 1,
          exited: new Promise(() => undefined),
          stderrTail: () => '',
          [Symbol.asyncDispose]: async () => undefined,
        };
      },
    },
  } as unknown as PluginContext;
  const host = {
    context,
    host: '[2001:db8::1]',
    port: 8443,
    username: 'root',
    password: 'secret',
    viaVcenter,
    certificate: { sha1: 'AA:BB' },
  } as unknown as TransportHost;
  const rooms = await RunRooms.open(scratchDir);
  const parsed = vddkSchema.parse({ libdir: '/opt/vddk', ...settings });
  const vddk = await VddkTransport.create(host, rooms, parsed, call);
  const lease = await vddk.open(disk, call);
  await lease[Symbol.asyncDispose]();
  expect(JSON.stringify(started)).not.toContain('secret');
  return started[0]!.args;
}

const filters = (args: readonly string[]) => args.filter((arg) => arg.startsWith('--filter='));

describe('the command line of VDDK', () => {
  it('reads in small pieces through a vCenter, in larger ones at a host, and as the settings say', async () => {
    expect(await commandLine(DISK)).toContain('maxdata=2097152');
    expect(await commandLine(DISK, { viaVcenter: false })).toContain(`maxdata=${23 * 1024 ** 2}`);
    expect(await commandLine(DISK, { readBytesMax: 131_072 })).toContain('maxdata=131072');
  });

  it('asks no old plugin for the holes of a disk that ends within a chunk', async () => {
    const usual = ['--filter=blocksize', '--filter=retry'];
    expect(filters(await commandLine(DISK, { version: '1.40.4' }))).toEqual(['--filter=noextents', ...usual]);
    expect(filters(await commandLine(DISK, { version: '1.42.0' }))).toEqual(usual);
    expect(filters(await commandLine({ ...DISK, sizeBytes: 65_536 }, { version: '1.40.4' }))).toEqual(usual);
  });

  it('says what the settings say, with the name of the file as it is', async () => {
    const args = await commandLine(DISK, {
      plugin: '/opt/nbdkit-vddk-plugin.so',
      compression: 'fastlz',
      transports: 'nbdssl',
      config: '/etc/vddk.conf',
    });
    const at = args.indexOf('/opt/nbdkit-vddk-plugin.so');
    expect(args.slice(at + 1)).toEqual(
      expect.arrayContaining([
        'libdir=/opt/vddk',
        'config=/etc/vddk.conf',
        'server=2001:db8::1',
        'port=8443',
        'compression=fastlz',
        'transports=nbdssl',
        'file=[ds] a=b/c.vmdk',
      ]),
    );
    expect(args.at(-1)).toBe('file=[ds] a=b/c.vmdk');
  });
});

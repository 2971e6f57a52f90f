import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSourcePlugin, type SourceSubject } from '@ossea/plugin-conformance';
import type { BlockEndpoint, PluginContext } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { ImageTool, MachineLauncher, QmpClient, diskDeviceId } from '@ossea/qemu';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { plugin } from './plugin.js';
import type { QemuSourceSettings } from './settings.js';

const call = { signal: new AbortController().signal };
const runner = createProcessRunner();
const SIZE_BYTES = 8 << 20;
const VM = 'sample';

describe('qemu-source with a running machine', () => {
  let directory = '';
  let launcher: MachineLauncher;
  let subject: SourceSubject<QemuSourceSettings>;

  /** Writes as the guest would, through the device. */
  async function write(disk: string, offset: number, bytes: Uint8Array): Promise<void> {
    const pattern = join(directory, `${disk}.pattern`);
    const file = await open(pattern, 'w');
    await file.writeFile(bytes);
    await file.close();
    await using qmp = await QmpClient.connect(launcher.paths(VM).operatorQmp, call);
    const device = `/machine/peripheral/${diskDeviceId(disk)}/virtio-backend`;
    const line = `qemu-io -d ${device} "write -s ${pattern} ${offset} ${bytes.length}"`;
    // what qemu-io says goes to QEMU's own output: the clauses read the bytes back
    await qmp.execute('human-monitor-command', { 'command-line': line });
  }

  async function read(endpoint: BlockEndpoint, offset: number, length: number): Promise<Buffer> {
    if (endpoint.transport !== 'nbd-unix') throw new Error('a Unix socket was expected');
    const out = join(directory, 'piece.raw');
    const nbd = `file.driver=nbd,file.export=${endpoint.exportName},file.server.type=unix,file.server.path=${endpoint.path}`;
    const node = `driver=raw,offset=${offset},size=${Math.ceil(length / 512) * 512},${nbd}`;
    await runner.exec(
      { command: 'qemu-img', args: ['convert', '--image-opts', node, '-O', 'raw', out] },
      call,
    );
    const file = await open(out);
    try {
      return (await file.read(Buffer.alloc(length), 0, length, 0)).buffer;
    } finally {
      await file.close();
    }
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'qs-'));
    const machinesDir = join(directory, 'm');
    const scratchDir = join(directory, 's');
    await mkdir(machinesDir);
    await mkdir(scratchDir);
    launcher = new MachineLauncher({ runner, machinesDir });
    const images = new ImageTool(runner);
    const disks = ['vda', 'vdb'].map((key) => ({
      key,
      file: join(directory, `${key}.qcow2`),
      format: 'qcow2' as const,
      boot: key === 'vda',
    }));
    for (const { file } of disks) await images.createQcow2Image(file, SIZE_BYTES, call);
    await launcher.define({
      id: VM,
      name: 'Sample',
      cpus: 1,
      memoryBytes: 64 << 20,
      firmware: 'bios',
      disks,
      nics: [{ key: 'nic0', mac: '52:54:00:00:00:07', network: 'default' }],
      accelerator: 'tcg',
    });
    await launcher.start(VM, call);
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const context: PluginContext = { log: silent, scratchDir, run: runner };
    subject = {
      plugin,
      settings: { machinesDir },
      context,
      sample: {
        vm: VM,
        disk: 'vda',
        write: (offset, bytes) => write('vda', offset, bytes),
        secondDisk: { disk: 'vdb', write: (offset, bytes) => write('vdb', offset, bytes) },
      },
      read,
      powerTimeoutMs: 5_000,
    };
  });
  afterAll(async () => {
    await launcher.stop(VM, { ...call, force: true, timeoutMs: 10_000 });
    await rm(directory, { recursive: true, force: true });
  });

  describeSourcePlugin(() => subject, { describe, it });
});

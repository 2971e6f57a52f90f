import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceSubject } from '@ossea/plugin-conformance';
import { plugin } from '@ossea/plugin-qemu-source';
import type { PluginContext } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { ImageTool, MachineLauncher, QmpClient, diskDeviceId, type ImageFormat } from '@ossea/qemu';
import { readEndpoint } from './read-endpoint.js';

type QemuSourceSettings = Parameters<typeof plugin.connect>[0];

const call = { signal: new AbortController().signal };
const runner = createProcessRunner();
const SIZE_BYTES = 8 << 20;
const VM = 'sample';

/** A QEMU host with one real machine of two disks, in a directory of its own: what the kit tries a QEMU source on. */
export class QemuSampleHost {
  private directory = '';
  private launcher!: MachineLauncher;
  subject!: SourceSubject<QemuSourceSettings>;

  constructor(private readonly format: ImageFormat) {}

  async make(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'qs-'));
    const machinesDir = join(this.directory, 'm');
    const scratchDir = join(this.directory, 's');
    await mkdir(machinesDir);
    await mkdir(scratchDir);
    this.launcher = new MachineLauncher({ runner, machinesDir });
    const images = new ImageTool(runner);
    const make = this.format === 'raw' ? 'createRawImage' : 'createQcow2Image';
    for (const disk of ['vda', 'vdb']) await images[make](this.file(disk), SIZE_BYTES, call);
    await this.launcher.define({
      id: VM,
      name: 'Sample',
      cpus: 1,
      memoryBytes: 64 << 20,
      firmware: 'bios',
      disks: ['vda', 'vdb'].map((key) => ({
        key,
        file: this.file(key),
        format: this.format,
        boot: key === 'vda',
      })),
      nics: [{ key: 'nic0', mac: '52:54:00:00:00:07', network: 'default' }],
      accelerator: 'tcg',
    });
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const context: PluginContext = { log: silent, scratchDir, run: runner };
    this.subject = {
      plugin,
      settings: { machinesDir },
      context,
      sample: {
        vm: VM,
        disk: 'vda',
        write: (offset, bytes) => this.write('vda', offset, bytes),
        secondDisk: { disk: 'vdb', write: (offset, bytes) => this.write('vdb', offset, bytes) },
      },
      read: (endpoint, offset, length) => readEndpoint(runner, endpoint, { offset, length }, this.directory),
      powerTimeoutMs: 5_000,
    };
  }

  start(): Promise<void> {
    return this.launcher.start(VM, call);
  }

  async remove(): Promise<void> {
    await this.launcher.stop(VM, { ...call, force: true, timeoutMs: 10_000 });
    await rm(this.directory, { recursive: true, force: true });
  }

  private file(disk: string): string {
    return join(this.directory, `${disk}.${this.format}`);
  }

  /** Writes as the guest would, through the device; to the image of a machine that is off. */
  private async write(disk: string, offset: number, bytes: Uint8Array): Promise<void> {
    const pattern = join(this.directory, `${disk}.pattern`);
    await writeFile(pattern, bytes);
    const command = `write -s ${pattern} ${offset} ${bytes.length}`;
    if (await this.launcher.find(VM)) {
      await using qmp = await QmpClient.connect(this.launcher.paths(VM).operatorQmp, call);
      const device = `/machine/peripheral/${diskDeviceId(disk)}/virtio-backend`;
      const line = `qemu-io -d ${device} "${command}"`;
      // what qemu-io says goes to QEMU's own output: the clauses read the bytes back
      await qmp.execute('human-monitor-command', { 'command-line': line });
    } else {
      const args = ['-f', this.format, '-c', command, this.file(disk)];
      await runner.exec({ command: 'qemu-io', args }, call);
    }
  }
}

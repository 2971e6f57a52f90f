import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceSubject } from '@ossea/plugin-conformance';
import type { Logger, PluginContext, SourceSession } from '@ossea/plugin-sdk';
import { plugin } from '@ossea/plugin-vmware';
import { createProcessRunner } from '@ossea/process';
import { Vcsim, type VcsimOptions } from '../simulators/vcsim/vcsim.js';
import { readEndpoint } from './read-endpoint.js';

export type VmwareSettings = Parameters<typeof plugin.connect>[0];
/** The name of a machine that vcsim makes by itself. */
export const SAMPLE_VM = 'DC0_H0_VM0';
const SIZE_BYTES = 8 << 20;
const runner = createProcessRunner();

/** A simulated vCenter with one machine of two real disks, and a scratch directory: what the kit tries the plugin on. */
export class VmwareSample implements AsyncDisposable {
  /** What the plugin logged, a line each. */
  readonly said: string[] = [];
  vm = '';
  disks: readonly string[] = [];

  private constructor(
    readonly directory: string,
    readonly vcsim: Vcsim,
  ) {}

  static async make(options: VcsimOptions & { readonly diskBytes?: number } = {}): Promise<VmwareSample> {
    const { diskBytes = SIZE_BYTES, ...given } = options;
    const directory = await mkdtemp(join(tmpdir(), 'vs-'));
    await mkdir(join(directory, 's'));
    const sample = new VmwareSample(
      directory,
      await Vcsim.start({ hosts: 1, clusters: 0, vms: 1, ...given }),
    );
    const { vcsim } = sample;
    for (const { key } of await vcsim.disks(SAMPLE_VM)) await vcsim.removeDisk(SAMPLE_VM, key);
    const disks: string[] = [];
    for (const label of ['Hard disk 1', 'Hard disk 2'])
      disks.push((await vcsim.addDisk(SAMPLE_VM, diskBytes, label)).key);
    sample.disks = disks;
    sample.vm = await vcsim.moref(SAMPLE_VM);
    await vcsim.mergeVm(SAMPLE_VM, { guest: { toolsRunningStatus: 'guestToolsRunning' } });
    return sample;
  }

  get settings(): VmwareSettings {
    const { host, port, username, password, sha256 } = this.vcsim;
    return plugin.settings.parse({ host, port, username, password, certificateSha256: sha256 });
  }

  get context(): PluginContext {
    const say =
      (level: string): Logger['info'] =>
      (message, context) =>
        void this.said.push(`${level} ${message} ${JSON.stringify(context ?? {})}`);
    const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
    return { log, scratchDir: join(this.directory, 's'), run: runner };
  }

  connect(different: Partial<VmwareSettings> = {}): Promise<SourceSession> {
    const call = { signal: new AbortController().signal };
    return plugin.connect({ ...this.settings, ...different }, this.context, call);
  }

  get subject(): SourceSubject<VmwareSettings> {
    const [first = '', second = ''] = this.disks;
    const writer = (disk: string) => (offset: number, bytes: Uint8Array) =>
      this.vcsim.guestWrite(SAMPLE_VM, disk, offset, bytes);
    return {
      plugin,
      settings: this.settings,
      context: this.context,
      sample: {
        vm: this.vm,
        disk: first,
        write: writer(first),
        secondDisk: { disk: second, write: writer(second) },
      },
      read: (endpoint, offset, length) => readEndpoint(runner, endpoint, { offset, length }, this.directory),
      powerTimeoutMs: 10_000,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vcsim[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

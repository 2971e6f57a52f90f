import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SourceSubject } from '@ossea/plugin-conformance';
import type { Logger, PluginContext, SourceSession } from '@ossea/plugin-sdk';
import { plugin } from '@ossea/plugin-vmware';
import { createProcessRunner } from '@ossea/process';
import { Vcsim, vcsimPrograms, type VcsimOptions } from '../simulators/vcsim/vcsim.js';
import { readEndpoint } from './read-endpoint.js';

export type VmwareSettings = Parameters<typeof plugin.connect>[0];
/** Names of machines that vcsim makes by itself, in a vCenter and on a host. */
export const SAMPLE_VM = 'DC0_C0_RP0_VM0';
const SAMPLE_VM_OF_HOST = 'ha-host_VM0';
const SIZE_BYTES = 8 << 20;
const runner = createProcessRunner();
const exec = promisify(execFile);

/** A simulated vCenter with one machine of two real disks, and a scratch directory: what the kit tries the plugin on. */
export class VmwareSample implements AsyncDisposable {
  /** What the plugin logged, a line each. */
  readonly said: string[] = [];
  vm = '';
  vmName = SAMPLE_VM;
  disks: readonly string[] = [];

  private constructor(
    readonly directory: string,
    readonly vcsim: Vcsim,
  ) {}

  static async make(options: VcsimOptions & { readonly diskBytes?: number } = {}): Promise<VmwareSample> {
    const { diskBytes = SIZE_BYTES, ...given } = options;
    const directory = await mkdtemp(join(tmpdir(), 'vs-'));
    await mkdir(join(directory, 's'));
    const sample = new VmwareSample(directory, await Vcsim.start({ apiVersion: '6.7', ...given }));
    const { vcsim } = sample;
    if (options.esx) sample.vmName = SAMPLE_VM_OF_HOST;
    const { vmName } = sample;
    for (const { key } of (await vcsim.vm(vmName)).disks) await vcsim.removeDisk(vmName, key);
    const disks: string[] = [];
    for (const label of ['Hard disk 1', 'Hard disk 2'])
      disks.push(String((await vcsim.addDisk(vmName, { sizeBytes: diskBytes, label })).key));
    sample.disks = disks;
    sample.vm = await vcsim.moref(vmName);
    await vcsim.mergeVm(vmName, { guest: { toolsRunningStatus: 'guestToolsRunning' } });
    return sample;
  }

  /** The same vCenter from another appliance: with records of its own. The vCenter stays this one's. */
  static async besides(sample: VmwareSample): Promise<VmwareSample> {
    const directory = await mkdtemp(join(sample.directory, 'b-'));
    await mkdir(join(directory, 's'));
    const other = new VmwareSample(directory, sample.vcsim);
    other.vm = sample.vm;
    other.vmName = sample.vmName;
    other.disks = sample.disks;
    return other;
  }

  /** The files that hold what a snapshot froze, while one stands; those of the live disks go on as deltas. */
  async frozenFiles(): Promise<string[]> {
    const { disks } = await this.vcsim.vm(this.vmName);
    return disks
      .filter(({ chain }) => chain.length > 1)
      .map(({ livePath }) => livePath.replace(/-\d{6}-delta\.vmdk$/, '-flat.vmdk'));
  }

  /** Writes as the guest does: it stands still during a snapshot. */
  guestWrite(disk: string, offset: number, bytes: Uint8Array): Promise<void> {
    return this.vcsim.guestWrite(this.vmName, Number(disk), offset, bytes);
  }

  /** As the machine's administrator does it. */
  async removeAllSnapshots(): Promise<void> {
    await this.govc('snapshot.remove', '-vm', this.vmName, '*');
  }

  /** Runs govc, which nobody here wrote, against the vCenter. */
  private async govc(...args: readonly string[]): Promise<void> {
    const { govc } = await vcsimPrograms();
    const { username, password, url } = this.vcsim;
    await exec(govc, [...args], {
      env: {
        GOVC_URL: url,
        GOVC_USERNAME: username,
        GOVC_PASSWORD: password,
        GOVC_INSECURE: '1',
        HOME: this.directory,
      },
    });
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
      this.guestWrite(disk, offset, bytes);
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

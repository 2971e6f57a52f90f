import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessRunner } from '@ossea/process';
import { MachineLauncher, type MachineDefinition } from '@ossea/qemu';
import { imageSha256, nbdExport, qcow2File } from './digests.js';
import {
  buildGuestImages,
  copyGuestImages,
  guestMachine,
  readGuestConsole,
  type GuestConsole,
  type GuestImages,
} from './guest/index.js';
import { until } from './probe.js';

const signal = new AbortController().signal;
const DISKS = ['vda', 'vdb'] as const;

export interface GuestSize {
  readonly diskMebibytes: number;
  /** Static data on both disks together. */
  readonly fillMebibytes: number;
  readonly recordsPerSecond?: number;
}

/** A QEMU host with one small Linux guest on it that keeps writing records to two disks. */
export class SourceHost {
  readonly launcher: MachineLauncher;
  readonly machinesDir: string;
  readonly vm = 'guest';

  private constructor(
    readonly directory: string,
    private readonly images: GuestImages,
  ) {
    this.machinesDir = join(directory, 'm');
    this.launcher = new MachineLauncher({ runner: createProcessRunner(), machinesDir: this.machinesDir });
  }

  static async build(
    directory: string,
    index: number,
    size: GuestSize,
    from?: GuestImages,
  ): Promise<SourceHost> {
    const imagesDir = join(directory, 'i');
    const diskBytes = size.diskMebibytes << 20;
    const images = from
      ? await copyGuestImages(from, imagesDir)
      : await buildGuestImages({
          directory: imagesDir,
          diskBytes: { vda: diskBytes, vdb: diskBytes },
          fillBytes: size.fillMebibytes << 20,
          seed: `guest-${index}`,
          ...(size.recordsPerSecond === undefined ? {} : { recordsPerSecond: size.recordsPerSecond }),
        });
    const host = new SourceHost(directory, images);
    const mac = `52:54:00:0a:00:0${index + 1}`;
    await host.launcher.define(guestMachine({ id: host.vm, name: `guest-${index + 1}`, images, mac }));
    return host;
  }

  /** Another machine on this host, for bad input. */
  define(machine: MachineDefinition): Promise<void> {
    return this.launcher.define(machine);
  }

  async start(): Promise<void> {
    await this.launcher.start(this.vm, { signal });
    await this.writing();
  }

  /** Comes back when the guest acknowledges records of its present boot. */
  async writing(beyond = 0): Promise<number> {
    return until(
      'the guest acknowledges records',
      async () => {
        const { acked, failure } = await this.console();
        if (failure !== undefined) throw new Error(`the guest failed: ${failure}`);
        return acked !== undefined && acked > beyond ? acked : undefined;
      },
      { timeoutMs: 180_000 },
    );
  }

  async console(): Promise<GuestConsole> {
    return readGuestConsole(await readFile(this.launcher.paths(this.vm).serialLog, 'utf8'));
  }

  async running(): Promise<boolean> {
    return (await this.launcher.find(this.vm)) !== undefined;
  }

  async stop(): Promise<void> {
    for (const id of await this.launcher.list())
      await this.launcher.stop(id, { signal, force: true, timeoutMs: 15_000 });
  }

  /** Of the disks of the open snapshot, read at its NBD socket: frozen, while the guest goes on writing. */
  async snapshotSha256(scratchDir: string): Promise<string[]> {
    const socket = join(this.launcher.paths(this.vm).directory, 'ossea.sock');
    const hashes: string[] = [];
    for (const disk of DISKS) hashes.push(await imageSha256(nbdExport(socket, disk), scratchDir));
    return hashes;
  }

  /** Of the disks of the machine while it is off. */
  async stoppedSha256(scratchDir: string): Promise<string[]> {
    if (await this.running()) throw new Error('the machine runs: its images change');
    const hashes: string[] = [];
    for (const disk of DISKS) hashes.push(await imageSha256(qcow2File(this.images[disk]), scratchDir));
    return hashes;
  }
}

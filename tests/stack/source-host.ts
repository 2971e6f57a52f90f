import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessRunner } from '@ossea/process';
import { MachineLauncher, type MachineDefinition } from '@ossea/qemu';
import { imagesSha256, nbdExport, qcow2File } from './digests.js';
import {
  buildGuestImages,
  cachedGuestImages,
  guestMachine,
  readGuestConsole,
  type GuestConsole,
  type GuestImages,
} from './guest/index.js';
import { NeverError, until } from './probe.js';

const never = new AbortController().signal;
const DISKS = ['vda', 'vdb'] as const;

export interface GuestSize {
  readonly diskMebibytes: number;
  /** Static data on both disks together. */
  readonly fillMebibytes: number;
  readonly recordsPerSecond?: number;
}

/** A QEMU host; unless told otherwise with one small Linux guest on it that keeps writing records to two disks. */
export class SourceHost {
  readonly launcher: MachineLauncher;
  readonly machinesDir: string;
  readonly vm = 'guest';
  private images: GuestImages | undefined;

  constructor(
    readonly directory: string,
    private readonly index: number,
    private readonly signal: AbortSignal = never,
  ) {
    this.machinesDir = join(directory, 'm');
    this.launcher = new MachineLauncher({ runner: createProcessRunner(), machinesDir: this.machinesDir });
  }

  /** @param cached takes the images from those that were built before. */
  async buildGuest(size: GuestSize, cached: boolean): Promise<void> {
    const diskBytes = size.diskMebibytes << 20;
    this.images = await (cached ? cachedGuestImages : buildGuestImages)({
      directory: join(this.directory, 'i'),
      diskBytes: { vda: diskBytes, vdb: diskBytes },
      fillBytes: size.fillMebibytes << 20,
      seed: `guest-${this.index}`,
      ...(size.recordsPerSecond === undefined ? {} : { recordsPerSecond: size.recordsPerSecond }),
    });
    const mac = `52:54:00:0a:00:0${this.index + 1}`;
    const name = `guest-${this.index + 1}`;
    await this.define(guestMachine({ id: this.vm, name, images: this.images, mac }));
  }

  /** Puts a machine on this host. */
  async define(machine: MachineDefinition): Promise<void> {
    await mkdir(this.machinesDir, { recursive: true });
    await this.launcher.define(machine);
  }

  /** Boots the guest and comes back when it writes. */
  async start(): Promise<void> {
    await this.launcher.start(this.vm, { signal: this.signal });
    await this.writing();
  }

  /** Comes back when the guest acknowledges records of its present boot. */
  async writing(beyond = 0): Promise<number> {
    return until(
      'the guest acknowledges records',
      async () => {
        const { acked, failure } = await this.console();
        if (failure !== undefined) throw new NeverError(`the guest failed: ${failure}`);
        return acked !== undefined && acked > beyond ? acked : undefined;
      },
      { timeoutMs: 300_000, signal: this.signal },
    );
  }

  async console(): Promise<GuestConsole> {
    return readGuestConsole(await readFile(this.launcher.paths(this.vm).serialLog, 'utf8'));
  }

  async running(): Promise<boolean> {
    return (await this.launcher.find(this.vm)) !== undefined;
  }

  /** Of the guest's QEMU. */
  async pid(): Promise<number> {
    const found = await this.launcher.find(this.vm);
    if (!found) throw new Error('the guest does not run');
    return found.pid;
  }

  /** Ends every machine. */
  stop(): Promise<void> {
    return stopMachines(this.machinesDir);
  }

  /** Where the open snapshot of the running guest is read. */
  get snapshotSocket(): string {
    return join(this.launcher.paths(this.vm).directory, 'ossea.sock');
  }

  /** Whether the snapshot of the running guest is whole: from then on its disks do not change. */
  async hasWholeSnapshot(): Promise<boolean> {
    const record = join(this.launcher.paths(this.vm).directory, 'ossea-snapshot.json');
    return (JSON.parse(await readFile(record, 'utf8')) as { state: string }).state === 'whole';
  }

  /** Of the disks of the open snapshot, read at its NBD socket: frozen, while the guest goes on writing. */
  snapshotSha256(scratchDir: string): Promise<string[]> {
    return imagesSha256(
      DISKS.map((disk) => nbdExport(this.snapshotSocket, disk)),
      scratchDir,
    );
  }

  /** Of the disks of the guest while it is off. */
  async stoppedSha256(scratchDir: string): Promise<string[]> {
    if (await this.running()) throw new Error('the machine runs: its images change');
    const { images } = this;
    if (!images) throw new Error('there is no guest on this host');
    return imagesSha256(
      DISKS.map((disk) => qcow2File(images[disk])),
      scratchDir,
    );
  }
}

/** Ends every machine of a directory; one that is not there has none. */
export async function stopMachines(machinesDir: string): Promise<void> {
  const launcher = new MachineLauncher({ runner: createProcessRunner(), machinesDir });
  for (const id of await launcher.list().catch(() => []))
    await launcher.stop(id, { signal: never, force: true, timeoutMs: 15_000 });
}

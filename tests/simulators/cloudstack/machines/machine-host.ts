import { readFileSync } from 'node:fs';
import type { CallSignal, ProcessRunner } from '@ossea/process';
import { MachineLauncher, type MachineDefinition } from '@ossea/qemu';
import { sizeOf } from '../state/machine-size.js';
import type { Machine, Volume } from '../state/model.js';
import { serialOf } from '../storage/appliance-devices.js';
import { plugDisk, unplugDisk } from './hot-plug.js';

/** Unix sockets end at 107 bytes: the id is as short as it can be and still be the machine's own. */
const hostId = ({ id }: Pick<Machine, 'id'>): string => `m-${id.replaceAll('-', '').slice(0, 16)}`;

const diskKey = (deviceId: number): string => `disk${deviceId}`;

/** The machines as QEMU processes of this host. The appliance is none of them: the tests play it. */
export class MachineHost {
  private readonly launcher: MachineLauncher;
  private readonly started = new Set<string>();

  constructor(
    readonly machinesDir: string,
    runner: ProcessRunner,
  ) {
    this.launcher = new MachineLauncher({ runner, machinesDir });
  }

  serialLogPath(machine: Pick<Machine, 'id'>): string {
    return this.launcher.paths(hostId(machine)).serialLog;
  }

  /** Defines the machine anew and starts it with its volumes; what is at device 0 boots. */
  async start(
    machine: Machine,
    disks: readonly { readonly volume: Volume; readonly file: string }[],
    call: CallSignal,
  ): Promise<void> {
    const id = hostId(machine);
    const { cpus, memoryMb } = sizeOf(machine);
    const definition: MachineDefinition = {
      id,
      name: machine.name,
      cpus,
      memoryBytes: memoryMb * 2 ** 20,
      firmware: machine.details.has('UEFI') ? 'uefi' : 'bios',
      disks: disks.map(({ volume, file }) => ({
        key: diskKey(volume.attachment!.deviceId),
        file,
        format: 'raw',
        boot: volume.attachment!.deviceId === 0,
        serial: serialOf(volume.id),
      })),
      nics: machine.nics.map(({ mac, network }, index) => ({ key: `nic${index}`, mac, network: network.id })),
    };
    await this.launcher.define(definition);
    this.started.add(id);
    await this.launcher.start(id, call);
  }

  /** Asks the guest first unless it is forced, as the server does. */
  async stop(
    machine: Machine,
    options: CallSignal & { readonly force: boolean; readonly waitMs: number },
  ): Promise<void> {
    const id = hostId(machine);
    if (!this.started.has(id)) return;
    const { signal, waitMs } = options;
    if (!options.force) {
      const asked = this.launcher.stop(id, { signal, force: false, timeoutMs: waitMs });
      if (
        await asked.then(
          () => true,
          () => false,
        )
      )
        return;
    }
    await this.launcher.stop(id, { signal, force: true, timeoutMs: waitMs });
  }

  /** The process that runs it; `undefined` when it is off, also when the guest turned it off itself. */
  async pid(machine: Machine): Promise<number | undefined> {
    const id = hostId(machine);
    return this.started.has(id) ? (await this.launcher.find(id))?.pid : undefined;
  }

  /** The machine that a process of this host runs, found by its command line. */
  runBy(pid: number, machines: readonly Machine[]): Machine | undefined {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return machines.find((machine) => line.includes(`${this.machinesDir}/${hostId(machine)}/`));
    } catch {
      return undefined;
    }
  }

  async forget(machine: Machine): Promise<void> {
    const id = hostId(machine);
    if (this.started.delete(id)) await this.launcher.undefine(id);
  }

  async plug(
    machine: Machine,
    deviceId: number,
    volumeId: string,
    file: string,
    call: CallSignal,
  ): Promise<void> {
    await using qmp = await this.launcher.qmp(hostId(machine), call);
    await plugDisk(qmp, { key: diskKey(deviceId), file, serial: serialOf(volumeId) }, call);
  }

  /** Whether the guest let go in time. */
  async unplug(
    machine: Machine,
    deviceId: number,
    options: CallSignal & { readonly waitMs: number },
  ): Promise<boolean> {
    await using qmp = await this.launcher.qmp(hostId(machine), options);
    // awaited here: with the function the connection ends
    return await unplugDisk(qmp, diskKey(deviceId), options);
  }

  /** Holds the guest still for as long as something is done to its disks. */
  async whilePaused<T>(machine: Machine, call: CallSignal, doing: () => Promise<T>): Promise<T> {
    await using qmp = await this.launcher.qmp(hostId(machine), call);
    await qmp.execute('stop', undefined, call);
    try {
      return await doing();
    } finally {
      await qmp.execute('cont');
    }
  }

  /** Ends every machine that was started here. */
  async stopAll(): Promise<void> {
    const { signal } = new AbortController();
    const stops = [...this.started].map((id) =>
      this.launcher.stop(id, { signal, force: true, timeoutMs: 10_000 }),
    );
    const failed = (await Promise.allSettled(stops)).filter(({ status }) => status === 'rejected');
    if (failed.length > 0)
      throw new AggregateError(failed, 'Machines of the simulator could not be stopped.');
  }
}

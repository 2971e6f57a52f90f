import { isMigrationError } from '@ossea/errors';
import { MachineLauncher, type MachineDefinition } from '@ossea/qemu';
import type { CallOptions, ImageData, MachineRef, PluginContext, PowerState } from '@ossea/plugin-sdk';
import type { MachineHost, MachineShape } from './machine-host.js';

const STOP_TIMEOUT_MS = 30_000;

/** Machines as QEMU processes of this host, each with its definition in a directory of its own. */
export class QemuMachineHost implements MachineHost {
  private readonly launcher: MachineLauncher;

  constructor(machinesDir: string, context: PluginContext) {
    this.launcher = new MachineLauncher({ runner: context.run, machinesDir });
  }

  async define(shape: MachineShape): Promise<void> {
    const definition: MachineDefinition = {
      id: shape.id,
      name: shape.name,
      cpus: shape.cpus,
      memoryBytes: shape.memoryBytes,
      firmware: shape.firmware,
      disks: shape.disks.map((disk) => ({ ...disk })),
      // every card is in QEMU's user mode without a way out, so an isolated network needs nothing more
      nics: shape.nics.map(({ key, mac, network }) => ({ key, mac, network })),
      ...(shape.accelerator === 'tcg' ? { accelerator: 'tcg' } : {}),
    };
    await this.launcher.define(definition);
  }

  async forget(machine: MachineRef): Promise<void> {
    await this.launcher.undefine(machine);
  }

  state(machine: MachineRef, options: CallOptions): Promise<PowerState> {
    return this.launcher.state(machine, options);
  }

  start(machine: MachineRef, options: CallOptions): Promise<void> {
    return this.launcher.start(machine, options);
  }

  async stop(machine: MachineRef, { signal }: CallOptions): Promise<void> {
    try {
      await this.launcher.stop(machine, { signal, force: true, timeoutMs: STOP_TIMEOUT_MS });
    } catch (error) {
      // a crash left its record without a definition, so it never was started
      if (!(isMigrationError(error) && error.code === 'resource.not-found')) throw error;
    }
  }

  async screenshot(machine: MachineRef, options: CallOptions): Promise<ImageData> {
    const picture = await this.launcher.screenshot(machine, options);
    return { mediaType: 'image/png', base64: picture.toString('base64') };
  }

  serialLogPath(machine: MachineRef): string {
    return this.launcher.paths(machine).serialLog;
  }
}

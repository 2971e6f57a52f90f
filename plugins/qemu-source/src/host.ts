import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';
import type { PluginContext } from '@ossea/plugin-sdk';
import { ImageTool, MachineLauncher } from '@ossea/qemu';
import type { QemuSourceSettings } from './settings.js';

/** The QEMU host that a session works on: a directory of machines. */
export class QemuHost {
  readonly launcher: MachineLauncher;
  readonly images: ImageTool;

  private constructor(
    readonly context: PluginContext,
    machinesDir: string,
    /** Changes when the directory is another one: change tokens of one host mean nothing on another. */
    readonly hostId: string,
  ) {
    this.launcher = new MachineLauncher({ runner: context.run, machinesDir });
    this.images = new ImageTool(context.run);
  }

  /** Throws `config.invalid` for what is no directory that can be read. */
  static async open({ machinesDir }: QemuSourceSettings, context: PluginContext): Promise<QemuHost> {
    try {
      const path = await realpath(machinesDir);
      const { dev, ino } = await stat(path);
      const id = createHash('sha256').update(`${path}\n${dev}\n${ino}`).digest('hex').slice(0, 16);
      const host = new QemuHost(context, machinesDir, `qemu-${id}`);
      await host.launcher.list();
      return host;
    } catch (cause) {
      throw new MigrationError('config.invalid', 'machinesDir: expected a directory that can be read.', {
        cause,
      });
    }
  }
}

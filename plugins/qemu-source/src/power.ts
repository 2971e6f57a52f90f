import { MigrationError, isMigrationError } from '@ossea/errors';
import type { CallOptions, ImageData, PowerControl, PowerState, SourceScreenshot } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import type { QemuHost } from './host.js';
import type { StandingSnapshots } from './standing-snapshots.js';

/** Switches machines on and off. */
export class QemuPower implements PowerControl {
  constructor(
    private readonly host: QemuHost,
    private readonly standing: StandingSnapshots,
  ) {}

  state(vm: string, call: CallOptions): Promise<PowerState> {
    return guarded(call, async () => (await this.host.launcher.state(vm, call)) as PowerState);
  }

  /** QEMU writes its bitmaps into the images when it ends cleanly: pulling the plug with `force` still lets it. */
  stop(
    vm: string,
    options: CallOptions & { readonly force: boolean; readonly timeoutMs: number },
  ): Promise<void> {
    return guarded(options, () => this.host.launcher.stop(vm, options));
  }

  /** A snapshot of the machine while it was off breaks. Throws `resource.busy` while another program has its disks. */
  start(vm: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      await this.host.launcher.read(vm);
      await this.standing.letGo(vm);
      try {
        await this.host.launcher.start(vm, call);
      } catch (error) {
        if (!isMigrationError(error) || error.code !== 'volume.in-use') throw error;
        throw new MigrationError(
          'resource.busy',
          `Another program has a disk of the machine: ${error.message}`,
          {
            cause: error,
            context: error.context,
          },
        );
      }
    });
  }
}

/** What a machine shows. */
export class QemuScreenshots implements SourceScreenshot {
  constructor(private readonly host: QemuHost) {}

  screenshot(vm: string, call: CallOptions): Promise<ImageData> {
    return guarded(call, async () => {
      await this.host.launcher.read(vm);
      if (!(await this.host.launcher.find(vm)))
        throw new MigrationError('plugin.unsupported', 'The machine is off and shows nothing.');
      const picture = await this.host.launcher.screenshot(vm, call);
      return { mediaType: 'image/png', base64: picture.toString('base64') };
    });
  }
}

import { mkdir } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';
import { CONTRACT_VERSION, defineTargetPlugin } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { QemuMachineHost } from './qemu-machine-host.js';
import { QemuTargetSession } from './session.js';
import { placementSchema, settingsSchema, type QemuPlacement, type QemuTargetSettings } from './settings.js';

/** QEMU/KVM as a target: volumes are files of a pool directory, machines are QEMU processes of this host. */
export const plugin = defineTargetPlugin<QemuTargetSettings, QemuPlacement>({
  manifest: {
    id: 'qemu-target',
    kind: 'target',
    displayName: 'QEMU/KVM host',
    contract: CONTRACT_VERSION,
    capabilities: ['volumeSnapshots', 'zeroedVolumes', 'isolatedNetworks', 'consoleScreenshot'],
  },
  settings: settingsSchema,
  placement: placementSchema,
  connect: (given, context, options) =>
    guarded(options, async () => {
      const parsed = settingsSchema.safeParse(given);
      if (!parsed.success) throw new MigrationError('config.invalid', parsed.error.message);
      const settings = parsed.data;
      await mkdir(settings.machinesDir, { recursive: true, mode: 0o700 });
      const host = new QemuMachineHost(settings.machinesDir, context);
      return QemuTargetSession.open(settings, context, host, options);
    }),
});

import { MigrationError } from '@ossea/errors';
import { CONTRACT_VERSION, defineSourcePlugin } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { QemuHost } from './host.js';
import { QemuSourceSession } from './session.js';
import { settingsSchema, type QemuSourceSettings } from './settings.js';

/** QEMU/KVM as a source: a host is a directory of machines (docs/adr/0010). */
export const plugin = defineSourcePlugin<QemuSourceSettings>({
  manifest: {
    id: 'qemu-source',
    kind: 'source',
    displayName: 'QEMU/KVM host',
    contract: CONTRACT_VERSION,
    capabilities: ['changedBlocks', 'power', 'consoleScreenshot'],
  },
  settings: settingsSchema,
  connect: (given, context, options) =>
    guarded(options, async () => {
      const parsed = settingsSchema.safeParse(given);
      if (!parsed.success) throw new MigrationError('config.invalid', parsed.error.message);
      return new QemuSourceSession(await QemuHost.open(parsed.data, context));
    }),
});

import { MigrationError } from '@ossea/errors';
import { CONTRACT_VERSION, defineSourcePlugin } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { VmwareSession } from './session.js';
import { settingsSchema, type VmwareSettings } from './settings.js';

/** VMware vSphere as a source: a vCenter, or an ESXi host by itself, 6.7 and later (docs/vmware.md). */
export const plugin = defineSourcePlugin<VmwareSettings>({
  manifest: {
    id: 'vmware',
    kind: 'source',
    displayName: 'VMware vSphere',
    contract: CONTRACT_VERSION,
    capabilities: ['changedBlocks', 'power', 'privileges'],
    files: [
      {
        id: 'vddk',
        title: 'VMware Virtual Disk Development Kit (VDDK) for Linux',
        description:
          'Reads every disk that a snapshot holds. It is proprietary and cannot come with this appliance: download VMware-vix-disklib-….tar.gz from its maker.',
      },
    ],
  },
  settings: settingsSchema,
  connect: (given, context, options) =>
    guarded(options, async () => {
      const parsed = settingsSchema.safeParse(given);
      // the field's name and what was expected, never what was given
      if (!parsed.success)
        throw new MigrationError(
          'config.invalid',
          parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
        );
      return VmwareSession.open(parsed.data, context, options);
    }),
});

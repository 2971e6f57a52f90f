import { CONTRACT_VERSION, defineTargetPlugin } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { CloudstackSession } from './session.js';
import { guidedSetUp } from './set-up/index.js';
import {
  parseSettings,
  placementSchema,
  settingsSchema,
  type CloudstackPlacement,
  type CloudstackSettings,
} from './settings.js';

/** Apache CloudStack from 4.18 on, on KVM, as a target. */
export const plugin = defineTargetPlugin<CloudstackSettings, CloudstackPlacement>({
  manifest: {
    id: 'cloudstack',
    kind: 'target',
    displayName: 'Apache CloudStack',
    contract: CONTRACT_VERSION,
    capabilities: ['volumeSnapshots', 'isolatedNetworks', 'consoleUrl'],
  },
  settings: settingsSchema,
  placement: placementSchema,
  setUp: guidedSetUp,
  connect: (given, context, options) =>
    guarded(options, () => CloudstackSession.open(parseSettings(given), context, options)),
});

import type { JobBoard } from './jobs/job-board.js';
import type { MachineHost } from './machines/machine-host.js';
import type { CloudstackSettings } from './settings.js';
import type { Account } from './state/model.js';
import type { World } from './state/world.js';
import type { ApplianceDevices } from './storage/appliance-devices.js';
import type { VolumeFiles } from './storage/volume-files.js';
import type { Throttle } from './throttle.js';
import type { Violations } from './violations.js';

/** The parts of the cloud, as commands need them. */
export interface Cloud {
  readonly world: World;
  readonly settings: CloudstackSettings;
  readonly jobs: JobBoard;
  readonly files: VolumeFiles;
  readonly devices: ApplianceDevices;
  readonly machines: MachineHost;
  readonly violations: Violations;
  readonly throttle: Throttle;
  /** Commands that no ordinary user's role has any more. */
  readonly withdrawn: Set<string>;
  /** Where the server itself is reached, without a path. */
  readonly origin: () => string;
}

/** Whether a role has the command. */
export function mayCall(
  cloud: Cloud,
  account: Account,
  command: { readonly name: string; readonly rootAdminOnly?: boolean },
): boolean {
  return account.isRootAdmin || !(command.rootAdminOnly || cloud.withdrawn.has(command.name));
}

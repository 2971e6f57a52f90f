import { accountCommands } from './account-commands.js';
import { ATTACHMENT_COMMANDS } from './attachment-commands.js';
import { CATALOG_COMMANDS } from './catalog-commands.js';
import type { Command } from './command.js';
import { DEPLOY_COMMAND } from './deploy-command.js';
import { INFRASTRUCTURE_COMMANDS } from './infrastructure-commands.js';
import { JOB_COMMANDS } from './job-commands.js';
import { MACHINE_CHANGE_COMMANDS } from './machine-change-commands.js';
import { MACHINE_COMMANDS } from './machine-commands.js';
import { NETWORK_COMMANDS } from './network-commands.js';
import { SNAPSHOT_COMMANDS } from './snapshot-commands.js';
import { TAG_COMMANDS } from './tags.js';
import { VM_SNAPSHOT_COMMANDS } from './vm-snapshot-commands.js';
import { VOLUME_COMMANDS } from './volume-commands.js';

/** Every command of the simulator, by its exact name. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [
    ...accountCommands(() => [...COMMANDS.values()]),
    ...ATTACHMENT_COMMANDS,
    ...CATALOG_COMMANDS,
    DEPLOY_COMMAND,
    ...INFRASTRUCTURE_COMMANDS,
    ...JOB_COMMANDS,
    ...MACHINE_CHANGE_COMMANDS,
    ...MACHINE_COMMANDS,
    ...NETWORK_COMMANDS,
    ...SNAPSHOT_COMMANDS,
    ...TAG_COMMANDS,
    ...VM_SNAPSHOT_COMMANDS,
    ...VOLUME_COMMANDS,
  ].map((command) => [command.name, command]),
);

import type { CloudstackSettings } from '../settings.js';
import type { Account, Machine, Volume } from '../state/model.js';
import type { World } from '../state/world.js';
import type { Rule } from './rule.js';

export interface Operating {
  readonly world: World;
  readonly machine: Machine;
}

const exists: Rule<Operating> = {
  refuses: ({ machine }) => machine.removed,
  text: ({ machine }) => `unable to find a virtual machine with id ${machine.number}`,
};

const rootOf = ({ world, machine }: Operating): Volume | undefined =>
  world.volumesOf(machine).find(({ type }) => type === 'ROOT');
/** A volume without content boots nothing; one from a template gets the template's at its first start. */
const hasContent = ({ onPrimary, template }: Volume): boolean => onPrimary || template !== undefined;

export const START_RULES: readonly Rule<Operating>[] = [
  exists,
  {
    refuses: ({ machine }) => !['Stopped', 'Running'].includes(machine.state),
    as: 'runtime',
    text: ({ machine }) => `Unable to start VM ${machine.name}: it is in ${machine.state} state`,
  },
  {
    refuses: (subject) => subject.machine.state === 'Stopped' && rootOf(subject)?.attachment?.deviceId !== 0,
    as: 'runtime',
    text: ({ machine }) => `ROOT volume is missing, unable to prepare volumes for the VM [${machine.name}].`,
  },
  {
    refuses: (subject) => subject.machine.state === 'Stopped' && !hasContent(rootOf(subject)!),
    as: 'runtime',
    text: ({ machine }) => `Unable to start a VM [${machine.name}] whose ROOT volume has no content.`,
  },
];

export const STOP_RULES: readonly Rule<Operating>[] = [
  exists,
  {
    refuses: ({ machine }) => !['Stopped', 'Running', 'Error'].includes(machine.state),
    as: 'runtime',
    text: ({ machine }) => `Unable to stop VM ${machine.name}: it is in ${machine.state} state`,
  },
];

export interface Destroying extends Operating {
  readonly caller: Account;
  readonly settings: CloudstackSettings;
  readonly expunge: boolean;
  /** Data volumes that are to go with it. */
  readonly volumes: readonly Volume[];
}

export const DESTROY_RULES: readonly Rule<Destroying>[] = [
  exists,
  {
    refuses: ({ expunge, caller, settings }) => expunge && !caller.isRootAdmin && !settings.allowUserExpunge,
    as: 'permission',
    text: 'Parameter expunge can be passed by Admin only. Or when the allow.user.expunge.recover.vm key is set.',
  },
  {
    refuses: ({ volumes, machine }) =>
      volumes.some(({ type, attachment }) => type !== 'DATADISK' || attachment?.machine !== machine),
    text: ({ volumes, machine }) =>
      `Found invalid volume ${volumes.find(({ type, attachment }) => type !== 'DATADISK' || attachment?.machine !== machine)!.id}` +
      `: it is not a data volume attached to VM ${machine.id}`,
  },
  {
    refuses: ({ world, machine }) =>
      world.activeSnapshots(({ attachment, type }) => type === 'ROOT' && attachment?.machine === machine)
        .length > 0,
    as: 'runtime',
    text: 'There is/are unbacked up snapshot(s) on ROOT volume, vm destroy is not permitted, please try again later.',
  },
];

export const EXPUNGE_RULES: readonly Rule<Operating>[] = [
  exists,
  {
    refuses: ({ machine }) => !['Destroyed', 'Error'].includes(machine.state),
    text: 'Please destroy vm with specified vmId before expunge',
  },
];

import type { CloudstackSettings } from '../settings.js';
import type { Machine, Volume } from '../state/model.js';
import type { World } from '../state/world.js';
import { ROOT_RULES } from './attach-rules.js';
import type { Rule } from './rule.js';

export interface Detaching {
  readonly world: World;
  readonly settings: CloudstackSettings;
  readonly volume: Volume;
}

const machineOf = ({ volume }: Detaching): Machine => volume.attachment!.machine;

/** In the order of the server's own checks. A root of a destroyed machine stays where it is, whatever the text says. */
export const DETACH_RULES: readonly Rule<Detaching>[] = [
  {
    refuses: ({ volume }) => volume.removed,
    text: ({ volume }) => `Unable to find volume with ID: ${volume.number}`,
  },
  {
    refuses: ({ volume }) => volume.attachment === undefined,
    text: 'The specified volume is not attached to a VM.',
  },
  {
    refuses: (subject) => !['Running', 'Stopped', 'Destroyed'].includes(machineOf(subject).state),
    text: 'Please specify a VM that is either running or stopped.',
  },
  ...ROOT_RULES.map(({ refuses, text }) => ({
    refuses: (subject: Detaching) =>
      subject.volume.type === 'ROOT' && refuses({ ...subject, machine: machineOf(subject) }),
    text: text as string,
  })),
  {
    refuses: (subject) => subject.world.vmSnapshotsOf(machineOf(subject)).length > 0,
    text: 'Unable to detach volume, please specify a VM that does not have VM snapshots',
  },
];

/** What the job says when the guest did not let go in time. */
export const notLetGo = ({ name }: Volume, machine: Machine, waitMs: number): string =>
  `Failed to detach volume ${name} from VM ${machine.name}; Could not detach volume after sending the command and ` +
  `waiting for [${waitMs}] milliseconds. Probably, the VM does not support the sent detach command or the device ` +
  'is busy at the moment. Try again in a couple of minutes.';

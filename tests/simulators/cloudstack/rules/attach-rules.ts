import { freeDeviceId, highestDeviceId, isDeviceId } from '../state/device-ids.js';
import type { CloudstackSettings } from '../settings.js';
import type { Machine, Volume } from '../state/model.js';
import type { World } from '../state/world.js';
import type { Rule } from './rule.js';

export interface Attaching {
  readonly world: World;
  readonly settings: CloudstackSettings;
  readonly volume: Volume;
  readonly machine: Machine;
  readonly deviceId: number | undefined;
}

/** What may become a machine's root, and cease to be it: the server has one check, and one text, for both. */
export const ROOT_RULES: readonly Rule<{ volume: Volume; machine: Machine; settings: CloudstackSettings }>[] =
  [
    {
      refuses: ({ machine }) => machine.state !== 'Stopped',
      text: 'Root volume detach can happen only when vm is in states: Stopped or Destroyed',
    },
    {
      refuses: ({ volume, settings }) => volume.onPrimary && settings.poolManaged,
      text: 'Root volume detach is not supported for Managed DataStores',
    },
  ];

const isRoot = ({ deviceId }: Attaching): boolean => deviceId === 0;
const dataVolumes = ({ world, machine }: Attaching): number =>
  world.volumesOf(machine).filter(({ type }) => type === 'DATADISK').length;
const isUsed = ({ world, machine, deviceId }: Attaching): boolean =>
  world.volumesOf(machine).some(({ attachment }) => attachment!.deviceId === deviceId);

/** In the order of the server's own checks. */
export const ATTACH_RULES: readonly Rule<Attaching>[] = [
  {
    refuses: ({ volume }) => volume.removed,
    text: 'Please specify a volume with the valid type: ROOT or DATADISK',
  },
  {
    refuses: ({ volume }) => volume.attachment !== undefined,
    text: 'Please specify a volume that is not attached to any VM.',
  },
  {
    refuses: ({ volume }) => volume.state === 'Destroy',
    text: 'Please specify a volume that is not destroyed.',
  },
  {
    refuses: ({ volume }) => !['Allocated', 'Ready'].includes(volume.state),
    text: 'Volume state must be in Allocated, Ready or in Uploaded state',
  },
  { refuses: ({ machine }) => machine.removed, text: 'Please specify a valid User VM.' },
  {
    refuses: ({ machine }) => !['Running', 'Stopped'].includes(machine.state),
    text: 'Please specify a VM that is either running or stopped.',
  },
  {
    refuses: ({ machine, volume }) => machine.zone !== volume.zone,
    text: 'Please specify a VM that is in the same zone as the volume.',
  },
  ...ROOT_RULES.map(({ refuses, text }) => ({
    refuses: (subject: Attaching) => isRoot(subject) && refuses(subject),
    text: text as string,
  })),
  {
    refuses: (subject) => isRoot(subject) && isUsed(subject),
    text: 'Vm already has root volume attached to it',
  },
  {
    refuses: (subject) => !isRoot(subject) && dataVolumes(subject) >= subject.settings.maxDataVolumes,
    text: ({ settings }) =>
      `The specified VM already has the maximum number of data disks (${settings.maxDataVolumes}) attached. ` +
      'Please specify another VM.',
  },
  {
    refuses: ({ world, machine }) => world.vmSnapshotsOf(machine).length > 0,
    text: ({ machine: { name, id } }) =>
      `Unable to attach volume to VM ${name}/${id}, please specify a VM that does not have VM snapshots`,
  },
  {
    refuses: ({ machine, volume }) => machine.account !== volume.account,
    as: 'permission',
    text: ({ machine, volume }) =>
      `Entity VM[${machine.id}] and entity Volume[${volume.id}] belong to different accounts`,
  },
  {
    refuses: ({ deviceId, settings }) =>
      deviceId !== undefined && !isDeviceId(deviceId, settings.maxDataVolumes),
    as: 'runtime',
    text: ({ settings }) => `deviceId should be 0,1,2,4-${highestDeviceId(settings.maxDataVolumes)}`,
  },
  {
    refuses: (subject) => subject.deviceId !== undefined && isUsed(subject),
    as: 'runtime',
    text: ({ machine, deviceId }) => `deviceId ${deviceId} is used by vm ${machine.number}`,
  },
  {
    refuses: ({ world, machine, deviceId, settings }) =>
      deviceId === undefined && freeDeviceId(world, machine, settings.maxDataVolumes) === undefined,
    as: 'runtime',
    text: ({ machine }) => `All device Ids are used by vm ${machine.number}`,
  },
];

/** What a job finds when another one was faster. */
export const LATE_ATTACH_RULES: readonly Rule<Attaching>[] = [
  {
    refuses: ({ volume }) => volume.attachment !== undefined,
    as: 'runtime',
    text: 'This volume is already attached to a VM.',
  },
  {
    refuses: ({ volume }) => volume.state === 'Attaching',
    as: 'runtime',
    text: ({ volume }) => `Volume ${volume.name} is already attached to a VM`,
  },
];

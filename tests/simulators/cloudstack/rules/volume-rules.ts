import type { CloudstackSettings } from '../settings.js';
import type { Account, DiskOffering, Snapshot, Volume } from '../state/model.js';
import type { World } from '../state/world.js';
import type { Rule } from './rule.js';

/** `custom.diskoffering.size.min` and `….max`, in GiB. */
export const CUSTOM_SIZE = { min: 1, max: 1024 } as const;
/** `storage.max.volume.size`, in GiB. */
const MAX_VOLUME_GIB = 2000;

export interface CreatingVolume {
  readonly offering: DiskOffering | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly sizeGib: number | undefined;
  readonly hasZone: boolean;
}

const outOfRange = (sizeGib: number): boolean => sizeGib < CUSTOM_SIZE.min || sizeGib > CUSTOM_SIZE.max;

export const CREATE_VOLUME_RULES: readonly Rule<CreatingVolume>[] = [
  {
    refuses: ({ offering, snapshot }) => !offering && !snapshot,
    text: 'At least one of disk Offering ID or snapshot ID must be passed whilst creating volume',
  },
  {
    refuses: ({ offering, snapshot }) => Boolean(offering) && snapshot?.volume.type === 'DATADISK',
    text: 'Disk Offering ID cannot be passed whilst creating volume from snapshot other than ROOT disk snapshots',
  },
  {
    refuses: ({ offering, sizeGib }) => Boolean(offering) && sizeGib !== undefined && sizeGib <= 0,
    text: 'Disk size must be larger than 0',
  },
  { refuses: ({ offering }) => offering?.removed === true, text: 'Please specify a valid disk offering.' },
  {
    refuses: ({ offering, sizeGib }) => isCustom(offering) && sizeGib === undefined,
    text: 'This disk offering requires a custom size specified',
  },
  {
    refuses: ({ offering, sizeGib }) => isCustom(offering) && outOfRange(sizeGib!),
    text: ({ sizeGib }) =>
      `Volume size: ${sizeGib} GB is out of allowed range. Min: ${CUSTOM_SIZE.min}. Max: ${CUSTOM_SIZE.max}`,
  },
  {
    refuses: ({ offering, sizeGib }) => offering?.sizeGib !== undefined && sizeGib !== undefined,
    text: 'This disk offering does not allow custom size',
  },
  {
    refuses: ({ snapshot }) => snapshot?.removed === true,
    text: ({ snapshot }) => `unable to find a snapshot with id ${snapshot!.number}`,
  },
  {
    refuses: ({ snapshot }) => snapshot !== undefined && snapshot.state !== 'BackedUp',
    text: ({ snapshot }) =>
      `Snapshot id=${snapshot!.number} is not in BackedUp state yet and can't be used for volume creation`,
  },
  { refuses: ({ hasZone, snapshot }) => !hasZone && !snapshot, text: 'Unable to find zone by id null' },
];

export const isCustom = (offering: DiskOffering | undefined): boolean =>
  offering !== undefined && offering.sizeGib === undefined;

export interface Removing {
  readonly world: World;
  readonly volume: Volume;
  readonly caller: Account;
  readonly settings: CloudstackSettings;
  /** Of destroyVolume; deleteVolume always expunges, and needs no leave. */
  readonly expunge: boolean | 'of course';
}

export const REMOVE_VOLUME_RULES: readonly Rule<Removing>[] = [
  {
    refuses: ({ volume }) => volume.removed,
    text: ({ volume }) => `Unable to find volume with ID: ${volume.number}`,
  },
  {
    refuses: ({ world, volume }) => world.activeSnapshots((other) => other === volume).length > 0,
    text: 'There are snapshot operations in progress on the volume, unable to delete it',
  },
  {
    refuses: ({ volume }) => volume.attachment !== undefined,
    text: 'Please specify a volume that is not attached to any VM.',
  },
  {
    refuses: ({ volume }) => ['Attaching', 'Creating', 'RevertSnapshotting'].includes(volume.state),
    as: 'runtime',
    text: ({ volume }) => `Failed to destroy volume ${volume.name}: it is in ${volume.state} state`,
  },
  {
    refuses: ({ expunge, caller, settings }) =>
      expunge === true && !caller.isRootAdmin && !settings.allowUserExpunge,
    as: 'permission',
    text: 'Expunging a volume can only be done by an Admin. Or when the allow.user.expunge.recover.volume key is set.',
  },
  {
    refuses: ({ expunge, volume }) => !expunge && volume.state === 'Allocated',
    text: 'The volume in Allocated/Uploaded state can only be expunged not destroyed/recovered',
  },
];

export interface Resizing {
  readonly world: World;
  readonly settings: CloudstackSettings;
  readonly volume: Volume;
  /** A new offering, when the volume is to change to one. */
  readonly offering: DiskOffering | undefined;
  readonly sizeGib: number | undefined;
  readonly shrinkOk: boolean;
}

const newBytes = ({ volume, offering, sizeGib }: Resizing): number => {
  const gib = offering?.sizeGib ?? sizeGib;
  return gib === undefined ? volume.sizeBytes : gib * 2 ** 30;
};
const machineOf = ({ volume }: Resizing) => volume.attachment?.machine;
const changes = (subject: Resizing): boolean => newBytes(subject) !== subject.volume.sizeBytes;
const shrinks = (subject: Resizing): boolean => newBytes(subject) < subject.volume.sizeBytes;

export const RESIZE_RULES: readonly Rule<Resizing>[] = [
  { refuses: ({ volume }) => volume.removed, text: 'No such volume' },
  {
    refuses: ({ world, volume }) => world.activeSnapshots((other) => other === volume).length > 0,
    as: 'runtime',
    text: 'There is/are unbacked up snapshot(s) on this volume, resize volume is not permitted, please try again later.',
  },
  {
    refuses: ({ volume }) => !['Ready', 'Allocated'].includes(volume.state),
    text: ({ volume }) =>
      'Volume should be in ready or allocated state before attempting a resize. ' +
      `Volume ${volume.id} is in state ${volume.state}.`,
  },
  {
    refuses: ({ offering, sizeGib, volume }) =>
      sizeGib !== undefined && isCustom(offering ?? volume.offering) && outOfRange(sizeGib),
    text: ({ sizeGib }) =>
      `Volume size: ${sizeGib} GB is out of allowed range. Min: ${CUSTOM_SIZE.min}. Max: ${CUSTOM_SIZE.max}`,
  },
  {
    refuses: ({ offering }) => offering?.removed === true,
    text: 'Requested disk offering has been removed.',
  },
  {
    refuses: ({ offering, sizeGib }) => isCustom(offering) && sizeGib === undefined,
    text: 'The new disk offering requires that a size be specified.',
  },
  {
    refuses: ({ offering, sizeGib }) => offering?.sizeGib !== undefined && sizeGib !== undefined,
    text: 'You cannot pass in a custom disk size to a non-custom disk offering.',
  },
  {
    refuses: (subject) =>
      changes(subject) && subject.volume.type === 'ROOT' && machineOf(subject)?.state === 'Running',
    text: (subject) =>
      `Cannot resize ROOT volume [${subject.volume.name}] when VM is not on Stopped State. ` +
      `VM ${machineOf(subject)?.name ?? ''} is in state ${machineOf(subject)?.state ?? ''}`,
  },
  {
    refuses: (subject) =>
      changes(subject) && subject.world.vmSnapshots.all().some((one) => one.machine === machineOf(subject)),
    text: 'A volume that is attached to a VM with any VM snapshots cannot be resized.',
  },
  {
    refuses: (subject) => changes(subject) && newBytes(subject) < 2 ** 30,
    text: 'Please specify a size of at least 1 GB.',
  },
  {
    refuses: (subject) => newBytes(subject) > MAX_VOLUME_GIB * 2 ** 30,
    text: (subject) =>
      `Requested volume size is (${newBytes(subject) / 2 ** 40} TB) ${newBytes(subject)}, but the maximum size ` +
      `allowed is ${MAX_VOLUME_GIB} GB.`,
  },
  {
    refuses: (subject) =>
      changes(subject) &&
      subject.settings.poolManaged &&
      ![undefined, 'Stopped'].includes(machineOf(subject)?.state),
    as: 'runtime',
    text: "This kind of KVM disk cannot be resized while it is connected to a VM that's not in the Stopped state.",
  },
  {
    refuses: (subject) => shrinks(subject) && subject.volume.state !== 'Allocated',
    text: 'Unable to shrink volumes of type QCOW2',
  },
  {
    refuses: (subject) => shrinks(subject) && !subject.shrinkOk,
    text: (subject) =>
      `Going from existing size of ${subject.volume.sizeBytes} to size of ${newBytes(subject)} would shrink the ` +
      'volume.Need to sign off by supplying the shrinkok parameter with value of true.',
  },
];

export { newBytes };

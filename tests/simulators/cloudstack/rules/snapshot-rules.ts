import type { CloudstackSettings } from '../settings.js';
import type { Machine, Snapshot, Volume } from '../state/model.js';
import type { World } from '../state/world.js';
import type { Rule } from './rule.js';

export interface Snapshotting {
  readonly world: World;
  readonly settings: CloudstackSettings;
  readonly volume: Volume;
  readonly quiesce: boolean;
}

const machineOf = ({ volume }: Snapshotting): Machine | undefined => volume.attachment?.machine;
const isIn = (subject: Snapshotting, ...states: readonly string[]): boolean =>
  states.includes(machineOf(subject)?.state ?? '');

/** Asked when the snapshot is allocated, so the request itself is refused. */
export const CREATE_SNAPSHOT_RULES: readonly Rule<Snapshotting>[] = [
  {
    refuses: ({ volume }) => volume.removed,
    text: ({ volume }) => `Creating snapshot failed due to volume:${volume.number} doesn't exist`,
  },
  {
    refuses: ({ volume }) => volume.state !== 'Ready',
    text: ({ volume }) =>
      `VolumeId: ${volume.number} is not in Ready state but ${volume.state}. Cannot take snapshot.`,
  },
  {
    refuses: (subject) =>
      machineOf(subject) !== undefined &&
      !isIn(subject, 'Stopped', 'Destroyed') &&
      !subject.settings.kvmSnapshotEnabled,
    as: 'runtime',
    text:
      'KVM Snapshot is not supported for Running VMs. It is disabled by default due to a possible volume corruption ' +
      'in certain cases. To enable it set global settings kvm.snapshot.enabled to True. See the documentation for ' +
      'more details.',
  },
  {
    refuses: (subject) => isIn(subject, 'Destroyed', 'Expunging'),
    as: 'runtime',
    text: (subject) =>
      `Creating snapshot failed due to volume:${subject.volume.number} is associated with ` +
      `vm:${machineOf(subject)!.name} is in ${machineOf(subject)!.state} state`,
  },
  {
    refuses: (subject) =>
      machineOf(subject) !== undefined &&
      subject.world.activeSnapshots(({ attachment }) => attachment?.machine === machineOf(subject)).length >
        0,
    text: 'There is other active snapshot tasks on the instance to which the volume is attached, please try again later',
  },
  {
    refuses: (subject) =>
      vmSnapshotsOf(subject).some(({ state }) => state === 'Creating' || state === 'Expunging'),
    as: 'runtime',
    text: 'There is other active vm snapshot tasks on the instance to which the volume is attached, please try again later',
  },
  {
    refuses: (subject) => vmSnapshotsOf(subject).length > 0,
    text: 'Unable to take a snapshot of the volume, please remove the VM snapshots of the VM to which it is attached',
  },
];

/** Asked in the job alone. */
export const TAKE_SNAPSHOT_RULES: readonly Rule<Snapshotting>[] = [
  { refuses: ({ quiesce }) => quiesce, text: "can't handle quiescevm equal true for volume snapshot" },
];

const vmSnapshotsOf = (subject: Snapshotting) =>
  machineOf(subject) ? subject.world.vmSnapshotsOf(machineOf(subject)!) : [];

export interface UsingSnapshot {
  readonly world: World;
  readonly snapshot: Snapshot;
}

const volumeMachine = ({ snapshot }: UsingSnapshot): Machine | undefined =>
  snapshot.volume.attachment?.machine;

export const REVERT_RULES: readonly Rule<UsingSnapshot>[] = [
  { refuses: ({ snapshot }) => snapshot.removed, text: 'No such snapshot' },
  {
    refuses: ({ snapshot }) => snapshot.volume.state !== 'Ready' || snapshot.volume.removed,
    text: 'The volume is not in Ready state.',
  },
  {
    refuses: (subject) => ![undefined, 'Stopped'].includes(volumeMachine(subject)?.state),
    text: 'The VM the specified disk is attached to is not in the shutdown state.',
  },
  {
    refuses: (subject) =>
      volumeMachine(subject) !== undefined && subject.world.vmSnapshotsOf(volumeMachine(subject)!).length > 0,
    text: 'Unable to revert snapshot for VM, please remove VM snapshots before reverting VM from snapshot',
  },
  {
    refuses: ({ snapshot }) => snapshot.state !== 'BackedUp',
    as: 'runtime',
    text: ({ snapshot }) => `snapshot:${snapshot.number} not exist in data store`,
  },
];

export const DELETE_SNAPSHOT_RULES: readonly Rule<UsingSnapshot>[] = [
  {
    refuses: ({ snapshot }) => snapshot.removed,
    text: ({ snapshot }) => `unable to find a snapshot with id ${snapshot.number}`,
  },
  {
    refuses: ({ snapshot }) => ['Creating', 'BackingUp'].includes(snapshot.state),
    as: 'runtime',
    text: ({ snapshot }) =>
      'Failed to delete snapshot:com.cloud.exception.InvalidParameterValueException: ' +
      `Can't delete snapshot ${snapshot.name} due to it is in ${snapshot.state} Status`,
  },
];

export interface SnapshottingVm {
  readonly world: World;
  readonly machine: Machine;
  readonly memory: boolean;
  readonly displayName: string | undefined;
}

export const CREATE_VM_SNAPSHOT_RULES: readonly Rule<SnapshottingVm>[] = [
  {
    refuses: ({ machine }) => machine.removed,
    text: ({ machine }) =>
      `Creating VM snapshot failed due to VM:${machine.number} is a system VM or does not exist`,
  },
  {
    refuses: ({ machine }) => !['Running', 'Stopped'].includes(machine.state),
    text: ({ machine }) =>
      `Creating Instance Snapshot failed due to Instance:${machine.number} is not in the running or Stopped state`,
  },
  {
    refuses: ({ world, machine, displayName }) =>
      world.vmSnapshotsOf(machine).some((one) => one.displayName === displayName),
    text: ({ displayName }) =>
      `Creating VM snapshot failed due to VM snapshot with name${displayName ?? ''} already exists`,
  },
  {
    refuses: ({ memory, machine }) => memory && machine.state !== 'Running',
    text: 'Can not snapshot memory when VM is not in Running state',
  },
  {
    refuses: ({ world, machine }) =>
      world.activeSnapshots(({ attachment }) => attachment?.machine === machine).length > 0,
    as: 'runtime',
    text: 'There is other active volume snapshot tasks on the instance, please try again later.',
  },
  {
    refuses: ({ world, machine }) => world.vmSnapshotsOf(machine).some(({ state }) => state !== 'Ready'),
    as: 'runtime',
    text: 'There is other active vm snapshot tasks on the instance, please try again later',
  },
  {
    refuses: ({ world, machine }) =>
      world.goodSnapshots().some(({ volume }) => volume.attachment?.machine === machine),
    as: 'runtime',
    text: 'Unable to take a VM snapshot of a VM whose volumes have volume snapshots',
  },
];

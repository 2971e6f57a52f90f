import type { SnapshotNote } from './snapshot-names.js';
import { ourNote } from './snapshot-names.js';
import type {
  ManagedObjectReference,
  VirtualDevice,
  VirtualMachineConfigInfo,
  VirtualMachineSnapshotInfo,
  VirtualMachineSnapshotTree,
  GuestNicInfo,
} from './vim25/index.js';

/** What a description needs of a VM: one question to the PropertyCollector. */
export const VM_PATHS = [
  'name',
  'parent',
  'config.uuid',
  'config.instanceUuid',
  'config.firmware',
  'config.bootOptions',
  'config.version',
  'config.template',
  'config.changeTrackingEnabled',
  'config.hardware',
  'config.extraConfig',
  'config.ftInfo',
  'config.keyId',
  'config.guestFullName',
  'capability.changeTrackingSupported',
  'guest.net',
  'guest.hostName',
  'guest.guestFullName',
  'guest.toolsRunningStatus',
  'guest.toolsVersionStatus2',
  'runtime.host',
  'runtime.powerState',
  'runtime.connectionState',
  'runtime.consolidationNeeded',
  'runtime.faultToleranceState',
  'snapshot',
] as const;

/** The same, as it comes back; what a platform leaves out is absent. */
export interface VmProperties {
  readonly name: string;
  readonly parent?: ManagedObjectReference;
  readonly 'config.uuid'?: string;
  readonly 'config.instanceUuid'?: string;
  readonly 'config.firmware'?: string;
  readonly 'config.bootOptions'?: VirtualMachineConfigInfo['bootOptions'];
  /** `vmx-19`. */
  readonly 'config.version'?: string;
  readonly 'config.template'?: boolean;
  readonly 'config.changeTrackingEnabled'?: boolean;
  readonly 'config.hardware'?: VirtualMachineConfigInfo['hardware'];
  readonly 'config.extraConfig'?: readonly { readonly key: string; readonly value?: unknown }[];
  readonly 'config.ftInfo'?: object;
  /** Set on an encrypted machine. */
  readonly 'config.keyId'?: object;
  readonly 'config.guestFullName'?: string;
  readonly 'capability.changeTrackingSupported'?: boolean;
  readonly 'guest.net'?: readonly GuestNicInfo[];
  readonly 'guest.hostName'?: string;
  readonly 'guest.guestFullName'?: string;
  readonly 'guest.toolsRunningStatus'?: string;
  readonly 'guest.toolsVersionStatus2'?: string;
  readonly 'runtime.host'?: ManagedObjectReference;
  readonly 'runtime.powerState'?: string;
  readonly 'runtime.connectionState'?: string;
  readonly 'runtime.consolidationNeeded'?: boolean;
  readonly 'runtime.faultToleranceState'?: string;
  readonly snapshot?: VirtualMachineSnapshotInfo;
  readonly recentTask?: readonly ManagedObjectReference[];
}

export const devicesOf = (vm: Pick<VmProperties, 'config.hardware'>): readonly VirtualDevice[] =>
  vm['config.hardware']?.device ?? [];

/** A snapshot of a machine, wherever it stands in the tree. */
export interface StandingSnapshot {
  readonly ref: ManagedObjectReference;
  readonly name: string;
  readonly createdAt: string;
  /** What we wrote on it; a foreign one has none. */
  readonly note?: SnapshotNote;
}

/** All snapshots of a machine, parents before children. */
export function snapshotsOf({ snapshot }: Pick<VmProperties, 'snapshot'>): StandingSnapshot[] {
  const walk = (trees: readonly VirtualMachineSnapshotTree[]): StandingSnapshot[] =>
    trees.flatMap((tree) => {
      const note = ourNote(tree.name, tree.description);
      const one = {
        ref: tree.snapshot,
        name: tree.name,
        createdAt: tree.createTime,
        ...(note ? { note } : {}),
      };
      return [one, ...walk(tree.childSnapshotList ?? [])];
    });
  return walk(snapshot?.rootSnapshotList ?? []);
}

export function powerStateOf(powerState: string | undefined): 'running' | 'stopped' | 'suspended' {
  if (powerState === 'poweredOn') return 'running';
  return powerState === 'suspended' ? 'suspended' : 'stopped';
}

export function guestToolsOf(
  vm: Pick<VmProperties, 'guest.toolsRunningStatus' | 'guest.toolsVersionStatus2'>,
): 'running' | 'stopped' | 'absent' {
  const running = vm['guest.toolsRunningStatus'];
  if (running === 'guestToolsRunning' || running === 'guestToolsExecutingScripts') return 'running';
  return vm['guest.toolsVersionStatus2'] === 'guestToolsNotInstalled' ? 'absent' : 'stopped';
}

import { MigrationError, asMigrationError, isMigrationError, type ErrorCode } from '@ossea/errors';
import { VimFault } from './vim25/index.js';

/**
 * Faults of vim25 (vSphere Web Services API, "Faults") and what they mean for the caller. A fault that is not named
 * is `peer.fault`, with what vSphere says.
 */
const BY_FAULT: Readonly<Record<string, ErrorCode>> = {
  InvalidLogin: 'auth.rejected',
  NotAuthenticated: 'peer.unreachable',
  NoPermission: 'peer.forbidden',
  ManagedObjectNotFound: 'resource.not-found',
  RestrictedVersion: 'license.restricted',
  RestrictedByAdministrator: 'peer.forbidden',
  NotEnoughLicenses: 'license.restricted',
  LicenseServerUnavailable: 'license.restricted',
  InaccessibleFeature: 'license.restricted',
  FeatureRequirementsNotMet: 'license.restricted',
  InvalidLicense: 'license.restricted',
  InvalidPowerState: 'resource.busy',
  InvalidState: 'resource.busy',
  TaskInProgress: 'resource.busy',
  ConcurrentAccess: 'resource.busy',
  FileLocked: 'resource.busy',
  VmConfigFileLocked: 'resource.busy',
  HostNotConnected: 'peer.unreachable',
  HostCommunication: 'peer.unreachable',
  HostNotReachable: 'peer.unreachable',
  Timedout: 'peer.unreachable',
  NoDiskSpace: 'storage.full',
  InsufficientStorageSpace: 'storage.full',
  NotSupported: 'plugin.unsupported',
  MethodDisabled: 'resource.busy',
  MethodNotFound: 'peer.protocol',
  InvalidRequest: 'peer.protocol',
  ToolsUnavailable: 'machine.not-stopped',
  SnapshotFault: 'snapshot.failed',
  ApplicationQuiesceFault: 'snapshot.failed',
  FilesystemQuiesceFault: 'snapshot.failed',
  SnapshotDisabled: 'snapshot.failed',
  SnapshotIncompatibleDeviceInVm: 'snapshot.failed',
  SnapshotLocked: 'snapshot.failed',
  SnapshotNoChange: 'snapshot.failed',
  SnapshotMoveFromNonHomeNotSupported: 'snapshot.failed',
  TooManySnapshotLevels: 'snapshot.failed',
  MemorySnapshotOnIndependentDisk: 'snapshot.failed',
};

/** What to add to the words of vSphere where they do not say enough. */
const MORE: Readonly<Record<string, string>> = {
  RestrictedVersion:
    'The licence of the host forbids changes through its API (a free or evaluation-expired ESXi): assign one that allows them, or connect to a vCenter.',
  TooManySnapshotLevels: 'The machine has as many snapshots as vSphere allows.',
};

/** The one place where anything that goes wrong below this plugin becomes a `MigrationError`. */
export function faultToError(fault: unknown): MigrationError {
  if (isMigrationError(fault)) return fault;
  if (!(fault instanceof VimFault)) return asMigrationError(fault);
  const code = codeOf(fault);
  const privilege = fault.faultName === 'NoPermission' ? privilegeOf(fault) : undefined;
  const words = [
    fault.localizedMessage || `vSphere answered ${fault.faultName}.`,
    MORE[fault.faultName],
    privilege && `The account lacks the privilege ${privilege}.`,
  ];
  return new MigrationError(code, words.filter(Boolean).join(' '), {
    cause: fault,
    context: { fault: fault.faultName, ...(privilege ? { privilege } : {}) },
  });
}

/** By its own name, or by that of a fault which it extends. */
function codeOf(fault: VimFault): ErrorCode {
  const own = BY_FAULT[fault.faultName];
  if (own !== undefined) return own;
  const wider = Object.keys(BY_FAULT).find((name) => fault.is(name));
  if (wider !== undefined) return BY_FAULT[wider]!;
  return isQuiesceFault(fault) ? 'snapshot.failed' : 'peer.fault';
}

/** Whether it is one of these faults. */
export function isFault(fault: unknown, ...names: readonly string[]): fault is VimFault {
  return fault instanceof VimFault && names.includes(fault.faultName);
}

/** Whether what was asked for does not exist any more, in vSphere's words or in ours. */
export const isGone = (fault: unknown): boolean =>
  isFault(fault, 'ManagedObjectNotFound') || (isMigrationError(fault) && fault.code === 'resource.not-found');

/** Whether the guest could not flush; some releases say so by a generic fault with words only. */
export function isQuiesceFault(fault: unknown): fault is VimFault {
  if (!(fault instanceof VimFault)) return false;
  if (/Quiesce/.test(fault.faultName) || fault.faultName === 'ToolsUnavailable') return true;
  return (
    ['GenericVmConfigFault', 'SystemError', 'SnapshotFault'].includes(fault.faultName) &&
    /quiesc/i.test(fault.localizedMessage)
  );
}

function privilegeOf({ detail }: VimFault): string | undefined {
  const id = (detail as { privilegeId?: unknown } | undefined)?.privilegeId;
  return typeof id === 'string' ? id : undefined;
}

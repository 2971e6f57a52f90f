import type { Finding, Severity } from '@ossea/plugin-sdk';

interface ConcernSpec {
  readonly severity: Severity;
  readonly remedy: string;
}

/** Everything about a machine that its owner should know before the first byte moves, with what to do about it. */
export const CONCERNS = {
  'disk.physical-rdm': {
    severity: 'blocker',
    remedy:
      'Convert the mapping to virtual compatibility mode or to a VMDK, or detach the disk from the machine.',
  },
  'disk.virtual-rdm': {
    severity: 'warning',
    remedy:
      'It is copied like any disk, through VDDK only. Make sure that no other machine writes to the LUN.',
  },
  'disk.independent': {
    severity: 'blocker',
    remedy:
      'Change the disk mode to "dependent" while the machine is off: snapshots leave independent disks out.',
  },
  'disk.shared': {
    severity: 'blocker',
    remedy:
      'Stop sharing the disk (multi-writer, shared bus): a snapshot cannot hold what other machines write.',
  },
  'disk.encrypted': {
    severity: 'warning',
    remedy:
      'VDDK decrypts it, with the privilege Cryptographer.Access; at the target it is not encrypted by vSphere.',
  },
  'disk.size-invalid': {
    severity: 'blocker',
    remedy: 'Give the disk a size above zero that is a multiple of 512 bytes.',
  },
  'disk.no-datastore': {
    severity: 'blocker',
    remedy: 'Put the datastore of the disk back, or take the disk out of the machine.',
  },
  'device.passthrough': {
    severity: 'blocker',
    remedy: 'Remove the PCI or SCSI device that is passed through: a machine with one cannot be snapshotted.',
  },
  'device.sriov': {
    severity: 'warning',
    remedy: 'The target machine gets an ordinary adapter: check that the guest has a driver for it.',
  },
  'device.usb': {
    severity: 'warning',
    remedy: 'The USB device does not move with the machine; remove it, or provide it at the target.',
  },
  'machine.fault-tolerance': {
    severity: 'blocker',
    remedy: 'Turn Fault Tolerance off for the machine: it cannot be snapshotted otherwise.',
  },
  'machine.not-connected': {
    severity: 'blocker',
    remedy: 'Reconnect its host, or register the machine again: vSphere cannot reach its files now.',
  },
  'machine.template': {
    severity: 'blocker',
    remedy: 'Convert the template to a virtual machine first.',
  },
  'machine.hardware-version': {
    severity: 'warning',
    remedy:
      'Upgrade the virtual hardware to version 7 or later; until then every cycle copies all of the disks.',
  },
  'machine.consolidation-needed': {
    severity: 'warning',
    remedy: 'Consolidate its disks in vSphere: left-over delta files slow it down and fill the datastore.',
  },
  'machine.vtpm': {
    severity: 'warning',
    remedy: 'What the virtual TPM holds is not moved: have the recovery keys of BitLocker or LUKS at hand.',
  },
  'machine.secure-boot': {
    severity: 'information',
    remedy:
      'Choose a target that starts machines with UEFI secure boot, or switch it off in the guest first.',
  },
  'snapshots.foreign': {
    severity: 'blocker',
    remedy: 'Delete or consolidate the snapshots that are named; nobody but their owner should.',
  },
  'snapshots.too-many': {
    severity: 'blocker',
    remedy: 'Delete snapshots: vSphere allows 32 in a row, and change tracking is dependable up to 28.',
  },
  'tracking.off': {
    severity: 'information',
    remedy:
      'The first cycle switches it on; a running machine stands still for a moment while a snapshot is taken.',
  },
  'tracking.off-for-disk': {
    severity: 'warning',
    remedy: 'Set the ctkEnabled entry of the disk that is named to TRUE, or power the machine off and on.',
  },
  'tracking.unreliable': {
    severity: 'warning',
    remedy: 'Update the host; until then every cycle copies all of the disks.',
  },
  'tools.not-running': {
    severity: 'warning',
    remedy: 'Install or start VMware Tools: without them nobody can ask the guest to flush or to shut down.',
  },
  'host.maintenance': {
    severity: 'warning',
    remedy: 'Wait until the host has left maintenance mode, or move the machine to another one.',
  },
  'account.lacks-privilege': {
    severity: 'blocker',
    remedy: 'Give the account a role with the privileges that are named, at this machine or above it.',
  },
} as const satisfies Record<string, ConcernSpec>;
export type ConcernCode = keyof typeof CONCERNS;

/** A concern with what is the matter, in one sentence that names the thing. */
export function concern(code: ConcernCode, message: string): Finding {
  const { severity, remedy } = CONCERNS[code];
  return { code, severity, message, remedy };
}

import type { Finding } from '@ossea/plugin-sdk';
import type { VirtualController, VirtualDisk } from '../vim25/index.js';
import { backingOf, controllerOf, disksOf, extraConfigName, labelOf, sizeBytesOf } from '../virtual-disks.js';
import type { VmProperties } from '../vm-properties.js';
import { concern } from './concern-table.js';

const SECTOR_BYTES = 512;

/** What stands in the way of a disk by what it is; whether one of our ways of reading fits is told elsewhere. */
export function diskConcerns(vm: VmProperties): Finding[] {
  return disksOf(vm).flatMap((disk) => [
    ...rdm(disk),
    ...independent(disk),
    ...shared(disk, controllerOf(disk, vm)),
    ...encrypted(disk),
    ...unusable(disk),
    ...untracked(disk, vm),
  ]);
}

function rdm(disk: VirtualDisk): Finding[] {
  const { $type, compatibilityMode } = backingOf(disk);
  const label = labelOf(disk);
  if ($type.startsWith('VirtualDiskRawDiskVer2') || $type.startsWith('VirtualDiskPartitionedRawDisk'))
    return [concern('disk.physical-rdm', `"${label}" is a raw disk of its host.`)];
  if (!$type.startsWith('VirtualDiskRawDiskMapping')) return [];
  return compatibilityMode === 'physicalMode'
    ? [
        concern(
          'disk.physical-rdm',
          `"${label}" is a raw device mapping in physical mode: no snapshot holds it.`,
        ),
      ]
    : [concern('disk.virtual-rdm', `"${label}" is a raw device mapping in virtual mode.`)];
}

function independent(disk: VirtualDisk): Finding[] {
  const { diskMode = '' } = backingOf(disk);
  return diskMode.startsWith('independent')
    ? [concern('disk.independent', `"${labelOf(disk)}" is in the mode ${diskMode}.`)]
    : [];
}

function shared(disk: VirtualDisk, controller: VirtualController | undefined): Finding[] {
  const { sharing = '' } = backingOf(disk);
  const label = labelOf(disk);
  if (sharing !== '' && sharing !== 'sharingNone')
    return [concern('disk.shared', `"${label}" may be written by several machines (${sharing}).`)];
  const bus = (controller as { sharedBus?: string } | undefined)?.sharedBus;
  return bus !== undefined && bus !== 'noSharing'
    ? [concern('disk.shared', `"${label}" hangs on a bus that machines share (${bus}).`)]
    : [];
}

function encrypted(disk: VirtualDisk): Finding[] {
  return backingOf(disk).keyId
    ? [concern('disk.encrypted', `"${labelOf(disk)}" is encrypted by vSphere.`)]
    : [];
}

function unusable(disk: VirtualDisk): Finding[] {
  const label = labelOf(disk);
  const sizeBytes = sizeBytesOf(disk);
  const { fileName, datastore } = backingOf(disk);
  return [
    ...(sizeBytes > 0 && sizeBytes % SECTOR_BYTES === 0
      ? []
      : [concern('disk.size-invalid', `"${label}" has ${sizeBytes} bytes.`)]),
    ...(fileName !== undefined && datastore === undefined
      ? [concern('disk.no-datastore', `The datastore of "${label}" cannot be seen.`)]
      : []),
  ];
}

/** Tracking is on for the machine, and off for one of its disks: the case of the entry's name is not reliable. */
function untracked(disk: VirtualDisk, vm: VmProperties): Finding[] {
  const name = extraConfigName(disk, vm);
  if (vm['config.changeTrackingEnabled'] !== true || name === undefined) return [];
  const wanted = `${name}.ctkEnabled`.toLowerCase();
  const entry = vm['config.extraConfig']?.find(({ key }) => key.toLowerCase() === wanted);
  return entry && String(entry.value).toLowerCase() !== 'true'
    ? [
        concern(
          'tracking.off-for-disk',
          `Changes of "${labelOf(disk)}" are not tracked (${name}.ctkEnabled).`,
        ),
      ]
    : [];
}

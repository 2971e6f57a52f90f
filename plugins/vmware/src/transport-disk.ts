import type { SnapshotId } from './snapshot-ref.js';
import type { SnapshotDisk } from './transports/index.js';
import type { VirtualDisk } from './vim25/index.js';
import { backingOf, keyOf, labelOf, sizeBytesOf, type DiskBacking } from './virtual-disks.js';

/** A disk as a transport sees it. */
export function transportDisk(
  { vm, snapshot }: SnapshotId,
  disk: VirtualDisk,
  datastore: SnapshotDisk['datastore'],
): SnapshotDisk {
  const backing = backingOf(disk);
  return {
    vm,
    snapshot,
    key: keyOf(disk),
    label: labelOf(disk),
    sizeBytes: sizeBytesOf(disk),
    fileName: backing.fileName ?? '',
    datastore,
    backingType: backing.$type,
    hasParent: backing.parent !== undefined,
    encrypted: backing.keyId !== undefined,
    ...rdmOf(backing),
  };
}

function rdmOf({ $type, compatibilityMode }: DiskBacking): Pick<SnapshotDisk, 'rdm'> {
  if (/RawDiskVer2/.test($type)) return { rdm: 'physical' };
  if (!/RawDiskMapping/.test($type)) return {};
  return { rdm: compatibilityMode === 'physicalMode' ? 'physical' : 'virtual' };
}

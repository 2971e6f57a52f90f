import { MigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { TrackedDisk } from './change-token.js';
import { isGone } from './fault-to-error.js';
import { noSnapshot, parseRef, type SnapshotId } from './snapshot-ref.js';
import { readProperties, type VirtualDisk, type VirtualMachineConfigInfo } from './vim25/index.js';
import { backingOf, disksOf, identityOf, keyOf, sizeBytesOf } from './virtual-disks.js';
import type { Vsphere } from './vsphere.js';

/** A disk as a snapshot holds it. */
export interface DiskOfSnapshot {
  readonly id: SnapshotId;
  readonly disk: VirtualDisk;
  readonly tracked: TrackedDisk;
}

/**
 * A disk in a snapshot's own hardware: file names and change ids of the live machine are those of another moment.
 * Throws `resource.not-found` for an unknown disk or snapshot.
 */
export async function diskOfSnapshot(
  vsphere: Vsphere,
  disk: string,
  snapshot: string,
  call: CallOptions,
): Promise<DiskOfSnapshot> {
  const id = parseRef(snapshot);
  if (!id) throw noSnapshot();
  const { hardware, instance } = await configOf(vsphere, id, call);
  const found = disksOf({ 'config.hardware': hardware }).find((one) => keyOf(one) === disk);
  if (!found)
    throw new MigrationError('resource.not-found', 'The snapshot has no such disk.', {
      context: { disk: disk.slice(0, 80) },
    });
  const tracked = {
    vm: id.vm,
    instance,
    disk,
    backing: identityOf(found),
    sizeBytes: sizeBytesOf(found),
    changeId: backingOf(found).changeId ?? '',
  };
  return { id, disk: found, tracked };
}

async function configOf(
  vsphere: Vsphere,
  { vm, snapshot }: SnapshotId,
  call: CallOptions,
): Promise<{ readonly hardware: VirtualMachineConfigInfo['hardware']; readonly instance: string }> {
  try {
    const ref = { type: 'VirtualMachineSnapshot', value: snapshot } as const;
    const { props } = await readProperties(
      vsphere.client,
      ref,
      ['vm', 'config.hardware', 'config.instanceUuid'],
      call,
    );
    if ((props['vm'] as { value?: string } | undefined)?.value !== vm) throw noSnapshot();
    return {
      hardware: props['config.hardware'] as VirtualMachineConfigInfo['hardware'],
      instance: String(props['config.instanceUuid'] ?? ''),
    };
  } catch (fault) {
    if (isGone(fault)) throw noSnapshot();
    throw fault;
  }
}

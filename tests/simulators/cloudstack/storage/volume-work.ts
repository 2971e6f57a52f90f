import type { Cloud } from '../cloud.js';
import { runtime } from '../protocol/api-error.js';
import { freeDeviceId } from '../state/device-ids.js';
import type { Machine, Snapshot, Volume } from '../state/model.js';

/** Gives a volume that is only a row its file. */
export async function createOnPrimary({ world, settings, files }: Cloud, volume: Volume): Promise<void> {
  if (world.pooledGib() + volume.sizeBytes / 2 ** 30 > settings.capacityGib)
    throw runtime(`Unable to find suitable primary storage when creating volume ${volume.name}`);
  await files.create(volume.id, volume.sizeBytes);
  volume.onPrimary = true;
}

/** Gives a volume its file before it is attached to anything. */
export async function placeVolume(cloud: Cloud, volume: Volume): Promise<void> {
  await createOnPrimary(cloud, volume);
  volume.state = 'Ready';
  cloud.violations.seal(volume);
}

/** Whether the machine has a disk on primary storage already: only then a volume can be made beside it. */
function hasDisk({ world }: Cloud, machine: Machine): boolean {
  const volumes = world.volumesOf(machine);
  const root = volumes.find(({ type }) => type === 'ROOT');
  return root ? root.onPrimary : volumes.some(({ onPrimary }) => onPrimary);
}

/** The rules have been asked: puts the volume at its device, and plugs it into a machine that runs. */
export async function attachVolume(
  cloud: Cloud,
  { volume, machine, deviceId }: { volume: Volume; machine: Machine; deviceId: number | undefined },
): Promise<void> {
  const { world, settings, files, violations } = cloud;
  const place = deviceId ?? freeDeviceId(world, machine, settings.maxDataVolumes)!;
  const before = volume.state;
  volume.state = 'Attaching';
  try {
    if (!volume.onPrimary && hasDisk(cloud, machine)) await createOnPrimary(cloud, volume);
    violations.look();
    violations.unseal(volume);
    if (volume.onPrimary && machine.state === 'Running') await plug(cloud, volume, machine, place);
    volume.attachment = { machine, deviceId: place, since: new Date() };
    // what is at device 0 is the root, whatever it was made as
    if (place === 0) volume.type = 'ROOT';
    volume.state = volume.onPrimary ? 'Ready' : 'Allocated';
  } catch (error) {
    volume.state = volume.onPrimary ? 'Ready' : before;
    if (files.mark(volume.id)) violations.seal(volume);
    throw error;
  }
}

async function plug(cloud: Cloud, volume: Volume, machine: Machine, deviceId: number): Promise<void> {
  const file = cloud.files.volumePath(volume.id);
  if (machine.isAppliance) await cloud.devices.plug(volume.id, file);
  else await cloud.machines.plug(machine, deviceId, volume.id, file, { signal: cloud.jobs.signal });
}

/** The row stays, and its id resolves to something that is no more. */
export async function expungeVolume(cloud: Cloud, volume: Volume): Promise<void> {
  cloud.violations.look();
  cloud.violations.unseal(volume);
  volume.state = 'Expunged';
  volume.removed = true;
  volume.attachment = undefined;
  volume.onPrimary = false;
  cloud.world.tags = cloud.world.tags.filter(({ resourceId }) => resourceId !== volume.id);
  await cloud.devices.unplug(volume.id);
  await cloud.files.removeVolume(volume.id);
}

export async function fillFromSnapshot(cloud: Cloud, volume: Volume, snapshot: Snapshot): Promise<void> {
  const { files, jobs, violations } = cloud;
  await files.copySnapshotTo(volume.id, snapshot.id, { signal: jobs.signal });
  await files.resize(volume.id, volume.sizeBytes);
  volume.onPrimary = true;
  volume.state = 'Ready';
  violations.seal(volume);
}

export async function resizeVolume(cloud: Cloud, volume: Volume, sizeBytes: number): Promise<void> {
  const sealed = volume.onPrimary && !volume.attachment;
  if (volume.onPrimary) {
    if (sealed) cloud.violations.unseal(volume);
    await cloud.files.resize(volume.id, sizeBytes);
    if (sealed) cloud.violations.seal(volume);
  }
  volume.sizeBytes = sizeBytes;
}

import type { Cloud } from '../cloud.js';
import { runtime } from '../protocol/api-error.js';
import type { Snapshot } from '../state/model.js';

/** How often a copy is made again because the volume was written meanwhile. */
const COPIES = 10;
/** What a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Takes a snapshot and copies it to secondary storage, at the speed that the settings give. */
export async function takeSnapshot(
  cloud: Cloud,
  snapshot: Snapshot,
  options: { readonly asyncBackup: boolean },
): Promise<void> {
  const { volume } = snapshot;
  snapshot.state = 'Creating';
  volume.state = 'Snapshotting';
  try {
    snapshot.physicalBytes = await copyAtOneMoment(cloud, snapshot);
    snapshot.state = 'CreatedOnPrimary';
  } finally {
    volume.state = 'Ready';
  }
  if (snapshot.onPrimary) snapshot.state = 'BackedUp';
  else if (options.asyncBackup) cloud.jobs.inBackground(backUp(cloud, snapshot));
  else await backUp(cloud, snapshot);
}

async function backUp({ settings, jobs }: Cloud, snapshot: Snapshot): Promise<void> {
  snapshot.state = 'BackingUp';
  const ms = (snapshot.physicalBytes / settings.snapshotBytesPerSecond) * 1000;
  if (await jobs.pause(Math.min(ms, LONGEST_MS))) snapshot.state = 'BackedUp';
}

/**
 * The copy shows one moment of the volume: a machine is held still meanwhile. The appliance cannot be held, so the copy
 * is made again while it writes.
 */
async function copyAtOneMoment(cloud: Cloud, { volume, id }: Snapshot): Promise<number> {
  const { files, jobs, machines } = cloud;
  const call = { signal: jobs.signal };
  const copy = (): Promise<number> => files.takeSnapshot(volume.id, id, call);
  const machine = volume.attachment?.machine;
  if (machine?.state === 'Running' && !machine.isAppliance) return machines.whilePaused(machine, call, copy);
  for (let copies = 0; copies < COPIES; copies += 1) {
    const before = files.mark(volume.id);
    const bytes = await copy();
    const after = files.mark(volume.id);
    if (before?.modifiedMs === after?.modifiedMs) return bytes;
  }
  throw runtime(`Failed to create snapshot: the volume ${volume.name} was written all the time`);
}

/** The volume is again what it was, its size as well. */
export async function revertSnapshot(cloud: Cloud, { volume, id, sizeBytes }: Snapshot): Promise<void> {
  const { files, jobs, violations } = cloud;
  violations.look();
  violations.unseal(volume);
  volume.state = 'RevertSnapshotting';
  try {
    await files.copySnapshotTo(volume.id, id, { signal: jobs.signal });
    volume.sizeBytes = sizeBytes;
  } finally {
    volume.state = 'Ready';
    if (!volume.attachment) violations.seal(volume);
  }
}

export async function removeSnapshot({ world, files }: Cloud, snapshot: Snapshot): Promise<void> {
  snapshot.state = 'Destroyed';
  snapshot.removed = true;
  world.tags = world.tags.filter(({ resourceId }) => resourceId !== snapshot.id);
  await files.removeSnapshot(snapshot.id);
}

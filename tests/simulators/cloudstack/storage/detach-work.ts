import { setTimeout as delay } from 'node:timers/promises';
import type { Cloud } from '../cloud.js';
import { runtime } from '../protocol/api-error.js';
import { notLetGo } from '../rules/detach-rules.js';
import type { Attachment, Volume } from '../state/model.js';
import { holdersOf } from './open-files.js';

const ASK_AGAIN_MS = 25;

/** The rules have been asked: takes the volume from its machine, when the guest lets go of it. */
export async function detachVolume(
  cloud: Cloud,
  volume: Volume,
  late: { readonly delayMs: number } | undefined,
): Promise<void> {
  const attachment = volume.attachment!;
  const { machine } = attachment;
  if (machine.state === 'Running' && volume.onPrimary) {
    if (late) {
      cloud.jobs.inBackground(unplugLater(cloud, volume, attachment, late.delayMs));
      throw runtime(notLetGo(volume, machine, cloud.settings.detachWaitMs));
    }
    if (!(await unplug(cloud, volume, attachment)))
      throw runtime(notLetGo(volume, machine, cloud.settings.detachWaitMs));
  }
  forgetAttachment(cloud, volume);
}

export function forgetAttachment(cloud: Cloud, volume: Volume): void {
  clearAttachment(volume);
  cloud.violations.seal(volume);
}

/** In the data base alone. A root that is detached is a data volume from then on. */
export function clearAttachment(volume: Volume): void {
  volume.attachment = undefined;
  if (volume.type === 'ROOT') volume.type = 'DATADISK';
}

async function unplug(cloud: Cloud, volume: Volume, { machine, deviceId }: Attachment): Promise<boolean> {
  const waitMs = cloud.settings.detachWaitMs;
  if (!machine.isAppliance)
    return cloud.machines.unplug(machine, deviceId, { signal: cloud.jobs.signal, waitMs });
  // an earlier attempt that failed may have got as far as this
  if (!cloud.devices.isPlugged(volume.id)) return true;
  if (!(await isLetGo(cloud, volume, waitMs))) return false;
  await cloud.devices.unplug(volume.id);
  return true;
}

/** A guest lets go of a device that no program has open. */
async function isLetGo({ files, jobs }: Cloud, volume: Volume, waitMs: number): Promise<boolean> {
  const path = files.volumePath(volume.id);
  for (const until = performance.now() + waitMs; ;) {
    if (holdersOf(path).length === 0) return true;
    if (performance.now() >= until || jobs.signal.aborted) return false;
    await delay(ASK_AGAIN_MS);
  }
}

/**
 * The unplug that a failed job left behind. It takes the device away, and changes nothing in the data base, unless the
 * volume has been attached again meanwhile: then it takes the newer attachment for the one it was to end.
 */
async function unplugLater(
  cloud: Cloud,
  volume: Volume,
  attachment: Attachment,
  delayMs: number,
): Promise<void> {
  if (!(await cloud.jobs.pause(delayMs)) || volume.removed) return;
  if (volume.attachment !== undefined && volume.attachment !== attachment) {
    clearAttachment(volume);
    return;
  }
  if (attachment.machine.isAppliance) await cloud.devices.unplug(volume.id);
  else
    await cloud.machines.unplug(attachment.machine, attachment.deviceId, {
      signal: cloud.jobs.signal,
      waitMs: cloud.settings.detachWaitMs,
    });
}

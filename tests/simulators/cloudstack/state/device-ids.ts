import type { Machine } from './model.js';
import type { World } from './world.js';

/** Device 0 is the root, device 3 is the CD-ROM's. */
const CDROM = 3;

export const highestDeviceId = (maxDataVolumes: number): number => maxDataVolumes + 1;

export function isDeviceId(deviceId: number, maxDataVolumes: number): boolean {
  return deviceId >= 0 && deviceId <= highestDeviceId(maxDataVolumes) && deviceId !== CDROM;
}

/** The first free one of a data volume. */
export function freeDeviceId(world: World, machine: Machine, maxDataVolumes: number): number | undefined {
  const used = new Set(world.volumesOf(machine).map(({ attachment }) => attachment!.deviceId));
  for (let id = 1; id <= highestDeviceId(maxDataVolumes); id += 1)
    if (isDeviceId(id, maxDataVolumes) && !used.has(id)) return id;
  return undefined;
}

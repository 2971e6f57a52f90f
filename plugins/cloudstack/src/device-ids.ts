/** CloudStack keeps this one for the CD-ROM (VolumeApiServiceImpl: "deviceId should be 0,1,2,4-N"). */
const CDROM_DEVICE_ID = 3;
export const ROOT_DEVICE_ID = 0;

/** The device id of a machine's disk by its place: 0, 1, 2, 4, 5 … */
export function deviceIdOf(place: number): number {
  return place < CDROM_DEVICE_ID ? place : place + 1;
}

/**
 * The lowest device id of a data disk that is free, always told in the call: a volume that CloudStack finds a place for
 * may become a data disk where it was a root disk before.
 * @param dataVolumes how many data disks the machine may have.
 * @returns undefined where all are taken.
 */
export function freeDeviceId(used: readonly number[], dataVolumes: number): number | undefined {
  for (let place = 1; place <= dataVolumes; place += 1)
    if (!used.includes(deviceIdOf(place))) return deviceIdOf(place);
  return undefined;
}

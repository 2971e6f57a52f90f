import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions, VolumeDevice } from '@ossea/plugin-sdk';
import type { Volume } from './client/index.js';

const SERIAL_CHARS = 20;
const SECTOR_BYTES = 512;
const PROBE_MS = 100;
const APPEAR_MS = 60_000;

/**
 * The serial of an attached volume: its uuid without hyphens, cut to 20 characters (CloudStack KVM agent,
 * diskUuidToSerial; virtio-blk shows no more than 20 either).
 */
export function serialOf(volumeId: string): string {
  return volumeId.replace(/-/g, '').slice(0, SERIAL_CHARS);
}

/** What udev calls a disk with this serial: on virtio-blk, and on virtio-scsi in two spellings. */
export function deviceNames(serial: string): readonly string[] {
  return [`virtio-${serial}`, `scsi-0QEMU_QEMU_HARDDISK_${serial}`, `scsi-${serial}`];
}

/** Finds the devices of attached volumes on this appliance: by serial and size, never by letter. */
export class Devices {
  constructor(
    private readonly paths: { readonly deviceDir: string; readonly sysDir: string },
    private readonly appearMs = APPEAR_MS,
  ) {}

  /**
   * Waits until the device of a volume is there: the guest learns of it a moment after the job has ended.
   * Throws `resource.not-found` when that takes too long (a minute unless told), `disk.identity-changed` where two devices have the serial, and
   * `disk.size-mismatch` where the device has not the size that CloudStack tells.
   */
  async find(volume: Volume, { signal }: CallOptions): Promise<VolumeDevice> {
    const serial = serialOf(volume.id);
    const until = Date.now() + this.appearMs;
    let found = await this.look(serial);
    while (!found) {
      throwIfAborted(signal);
      if (Date.now() > until)
        throw new MigrationError(
          'resource.not-found',
          `No device with the serial ${serial} has appeared in this appliance.`,
          { context: { volume: volume.id, serial } },
        );
      await delay(PROBE_MS);
      found = await this.look(serial);
    }
    if (volume.size !== undefined && found.sizeBytes !== volume.size)
      throw new MigrationError(
        'disk.size-mismatch',
        `The device has ${found.sizeBytes} bytes, the volume has ${volume.size} bytes.`,
        { context: { volume: volume.id, serial } },
      );
    return { ...found, format: 'raw', serial };
  }

  /** Whether the guest still has the device. */
  async isThere(volumeId: string): Promise<boolean> {
    return (await this.look(serialOf(volumeId))) !== undefined;
  }

  /** Waits until the guest has lost the device, at most so long; whether it has. */
  async isGoneWithin(volumeId: string, timeoutMs: number): Promise<boolean> {
    const until = Date.now() + timeoutMs;
    while (await this.isThere(volumeId)) {
      if (Date.now() >= until) return false;
      await delay(PROBE_MS);
    }
    return true;
  }

  private async look(serial: string): Promise<Pick<VolumeDevice, 'path' | 'kind' | 'sizeBytes'> | undefined> {
    const paths = new Set<string>();
    for (const name of deviceNames(serial)) {
      const path = await realpath(join(this.paths.deviceDir, name)).catch(() => undefined);
      if (path !== undefined) paths.add(path);
    }
    const [path, other] = paths;
    if (path === undefined) return undefined;
    if (other !== undefined)
      throw new MigrationError('disk.identity-changed', `Two devices have the serial ${serial}.`);
    const entry = await stat(path).catch(() => undefined);
    if (!entry) return undefined;
    if (!entry.isBlockDevice()) return { path, kind: 'file', sizeBytes: entry.size };
    // a block device has no size of its own for stat(2)
    const sectors = await readFile(join(this.paths.sysDir, 'class/block', basename(path), 'size'), 'ascii');
    return { path, kind: 'block', sizeBytes: Number(sectors.trim()) * SECTOR_BYTES };
  }
}

/** CloudStack says that a volume is free, and this appliance has it. */
export function stillHere(volumeId: string): MigrationError {
  return new MigrationError(
    'volume.in-use',
    'CloudStack says that the volume is attached to nothing, but this appliance still has its device: attach and detach it once in CloudStack, or restart the appliance.',
    { context: { volume: volumeId } },
  );
}

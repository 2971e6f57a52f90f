import { MigrationError, isMigrationError } from '@ossea/errors';
import type {
  CallOptions,
  IdempotencyKey,
  Lease,
  VolumeControl,
  VolumeDevice,
  VolumeRef,
  VolumeSpec,
} from '@ossea/plugin-sdk';
import type { Attachments } from './attachments.js';
import { ApiFault, type Volume } from './client/index.js';
import type { Cloud } from './cloud.js';
import { stillHere, type Devices } from './devices.js';
import { wholeGib } from './gib.js';
import { guarded } from './guarded.js';
import type { Limits } from './limits.js';
import type { MarkedVolumes } from './marked-volumes.js';
import { parsePlacement, type CloudstackPlacement } from './settings.js';
import { mustHaveVolume } from './volume-reads.js';

/** udev takes a link away a moment after the device. */
const DEVICE_GONE_MS = 10_000;
/** VolumeApiServiceImpl: "The specified VM already has the maximum number of data disks (32) attached." */
const TOO_MANY = /maximum number of data disks \((\d+)\)/;

/** Volumes of the account, which open as disks of the appliance's own virtual machine. */
export class Volumes implements VolumeControl<CloudstackPlacement> {
  private readonly held = new Set<VolumeRef>();

  constructor(
    private readonly cloud: Cloud,
    private readonly marked: MarkedVolumes,
    private readonly attachments: Attachments,
    private readonly limits: Limits,
    private readonly devices: Devices,
    private readonly deviceGoneMs = DEVICE_GONE_MS,
  ) {}

  create(
    spec: VolumeSpec<CloudstackPlacement>,
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<VolumeRef> {
    return guarded(options, () => {
      const { diskOfferingId } = parsePlacement(spec.placement);
      const diskofferingid = diskOfferingId ?? this.cloud.settings.diskOfferingId;
      const params = { diskofferingid, size: wholeGib(spec.sizeBytes) };
      return this.marked.create('volume', { name: spec.name, sizeBytes: spec.sizeBytes, params }, options);
    });
  }

  find(
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: VolumeRef; readonly complete: boolean } | undefined> {
    return guarded(options, () => this.marked.find('volume', key, options));
  }

  remove(ref: VolumeRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      if (this.held.has(ref)) throw new MigrationError('volume.in-use', 'The volume is open.');
      // an attach that was given up may have come to pass all the same
      await this.detach(ref, options);
      await this.marked.remove(ref, options);
    });
  }

  /**
   * Attaches the volume to the appliance and finds its device. One that hangs there already (an earlier life of this
   * appliance has attached it) is taken as it is.
   */
  open(ref: VolumeRef, options: CallOptions): Promise<Lease<VolumeDevice>> {
    return guarded(options, async () => {
      if (this.held.has(ref)) throw new MigrationError('volume.in-use', 'The volume is open already.');
      await mustHaveVolume(this.cloud, ref, options);
      this.held.add(ref);
      try {
        const slots = await this.limits.dataVolumes(options);
        const volume = await this.attachments.attachToAppliance(ref, slots, options);
        const value = await this.deviceOf(volume, slots, options);
        return { value, [Symbol.asyncDispose]: () => this.giveBack(ref) };
      } catch (error) {
        this.held.delete(ref);
        const told = error instanceof ApiFault ? TOO_MANY.exec(error.text)?.[1] : undefined;
        if (told !== undefined) this.limits.learn(Number(told));
        throw error;
      }
    });
  }

  /** A record without a device is what an unplug leaves whose job had failed: it is ended, and the volume attached anew. */
  private async deviceOf(volume: Volume, slots: number, options: CallOptions): Promise<VolumeDevice> {
    try {
      return await this.devices.find(volume, options);
    } catch (error) {
      if (!isMigrationError(error) || error.code !== 'resource.not-found') throw error;
    }
    this.cloud.context.log.warn('A volume is attached without a device; it is detached and attached again.', {
      volume: volume.id,
    });
    await this.attachments.detach(volume.id, this.cloud.settings.applianceVmId, options);
    return this.devices.find(await this.attachments.attachToAppliance(volume.id, slots, options), options);
  }

  private async giveBack(ref: VolumeRef): Promise<void> {
    if (!this.held.has(ref)) return;
    // a detach that was begun is seen through: half-way nobody knows whose the disk is
    const options = { signal: new AbortController().signal };
    await guarded(options, () => this.detach(ref, options));
    this.held.delete(ref);
  }

  /**
   * Detaches a volume, and believes it when the device is gone, too. An unplug of an earlier job that comes late clears
   * the record of a newer attachment (apache/cloudstack#14214): CloudStack then says that the volume is free while this
   * appliance still writes it, and the next machine would share it.
   */
  private async detach(ref: VolumeRef, options: CallOptions): Promise<void> {
    const { settings, context } = this.cloud;
    await this.attachments.detach(ref, settings.applianceVmId, options);
    if (await this.devices.isGoneWithin(ref, this.deviceGoneMs)) return;
    context.log.warn('CloudStack has no record of an attachment that is there; it is made again and ended.', {
      volume: ref,
    });
    const slots = await this.limits.dataVolumes(options);
    await this.attachments.attachToAppliance(ref, slots, options);
    await this.attachments.detach(ref, settings.applianceVmId, options);
    if (await this.devices.isGoneWithin(ref, this.deviceGoneMs)) return;
    throw stillHere(ref);
  }
}

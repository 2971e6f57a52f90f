import { MigrationError } from '@ossea/errors';
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
import { ApiFault } from './client/index.js';
import type { Cloud } from './cloud.js';
import { Devices } from './devices.js';
import { wholeGib } from './gib.js';
import { guarded } from './guarded.js';
import type { Limits } from './limits.js';
import type { MarkedVolumes } from './marked-volumes.js';
import { parsePlacement, type CloudstackPlacement } from './settings.js';
import { mustHaveVolume } from './volume-reads.js';

/** VolumeApiServiceImpl: "The specified VM already has the maximum number of data disks (32) attached." */
const TOO_MANY = /maximum number of data disks \((\d+)\)/;

/** Volumes of the account, which open as disks of the appliance's own virtual machine. */
export class Volumes implements VolumeControl<CloudstackPlacement> {
  private readonly held = new Set<VolumeRef>();
  private readonly devices: Devices;

  constructor(
    private readonly cloud: Cloud,
    private readonly marked: MarkedVolumes,
    private readonly attachments: Attachments,
    private readonly limits: Limits,
  ) {
    this.devices = new Devices(cloud.settings.hostPaths);
  }

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
      await this.attachments.detach(ref, this.cloud.settings.applianceVmId, options);
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
        const value = await this.devices.find(volume, options);
        return { value, [Symbol.asyncDispose]: () => this.giveBack(ref) };
      } catch (error) {
        this.held.delete(ref);
        const told = error instanceof ApiFault ? TOO_MANY.exec(error.text)?.[1] : undefined;
        if (told !== undefined) this.limits.learn(Number(told));
        throw error;
      }
    });
  }

  /** Whether this session has the volume open. */
  isOpen(ref: VolumeRef): boolean {
    return this.held.has(ref);
  }

  private async giveBack(ref: VolumeRef): Promise<void> {
    if (!this.held.has(ref)) return;
    // a detach that was begun is seen through: half-way nobody knows whose the disk is
    const { signal } = new AbortController();
    await guarded({ signal }, () =>
      this.attachments.detach(ref, this.cloud.settings.applianceVmId, { signal }),
    );
    this.held.delete(ref);
  }
}

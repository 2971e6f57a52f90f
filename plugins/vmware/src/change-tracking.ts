import { isMigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions, ChangedBlockTracking, Extent } from '@ossea/plugin-sdk';
import { changeIdSince, formatToken, reset } from './change-token.js';
import { changedAreas } from './changed-areas.js';
import { faultToError, isFault } from './fault-to-error.js';
import { guarded, guardedStream } from './guarded.js';
import { badTrackingOf, type HostProduct } from './known-bad-tracking.js';
import { diskOfSnapshot } from './snapshot-disks.js';
import { readProperties, VimFault, type ManagedObjectReference } from './vim25/index.js';
import type { TrackingSwitch } from './tracking-switch.js';
import type { Vsphere } from './vsphere.js';

interface Range {
  readonly since: string;
  readonly until: string;
}

/** Changed block tracking (CBT) of vSphere. */
export class VmwareChangeTracking implements ChangedBlockTracking {
  constructor(
    private readonly vsphere: Vsphere,
    private readonly tracking: TrackingSwitch,
  ) {}

  /** A machine whose hardware cannot track is not refused: its cycles are full ones. Throws `resource.not-found`. */
  enable(vm: string, call: CallOptions): Promise<void> {
    return guarded(call, () => this.tracking.on(vm, call));
  }

  /** Switches off only what we have switched on: another product may live by it. */
  disable(vm: string, call: CallOptions): Promise<void> {
    return guarded(call, () => this.tracking.off(vm, call));
  }

  /** Of a disk that nothing tracks too: the cycle that asks since then is told so, and is a full one. */
  token(disk: string, snapshot: string, call: CallOptions): Promise<string> {
    return guarded(call, async () => {
      const { tracked } = await diskOfSnapshot(this.vsphere, disk, snapshot, call);
      if (tracked.changeId === '')
        this.vsphere.log.warn(
          'vSphere does not track the changes of the disk; the next cycle is a full one.',
          {
            vm: tracked.vm,
            disk,
          },
        );
      return formatToken(tracked);
    });
  }

  changes(disk: string, range: Range, call: CallOptions): AsyncIterable<Extent> {
    return guardedStream(call, () => this.areas(disk, range, call));
  }

  private async *areas(disk: string, { since, until }: Range, call: CallOptions): AsyncIterable<Extent> {
    const { id, disk: device, tracked } = await diskOfSnapshot(this.vsphere, disk, until, call);
    const changeId = changeIdSince(since, tracked);
    await this.mustBeReliable(id.vm, call);
    const snapshot = { type: 'VirtualMachineSnapshot', value: id.snapshot } as const;
    try {
      yield* changedAreas(tracked.sizeBytes, (startOffset) =>
        this.vsphere.client.call(
          'QueryChangedDiskAreas',
          this.vsphere.vmRef(id.vm),
          { snapshot, deviceKey: device.key, startOffset, changeId },
          call,
        ),
      );
    } catch (fault) {
      throwIfAborted(call.signal);
      // the machine or its snapshot is gone: copying in full would not help
      if (isMigrationError(fault) || isFault(fault, 'ManagedObjectNotFound', 'NotAuthenticated')) throw fault;
      // Whatever else is wrong with the answer is wrong with this disk's tracking: it is copied in full.
      if (fault instanceof VimFault)
        throw reset(`vSphere cannot tell what changed: ${faultToError(fault).message}`);
      throw fault;
    }
  }

  /** Throws `tracking.reset` on a host whose tracking is known to lose changes. */
  private async mustBeReliable(vm: string, call: CallOptions): Promise<void> {
    const { 'runtime.host': host } = await this.vsphere.vm(vm, call, ['runtime.host']);
    const product = host && (await this.productOf(host, call));
    const because = product && badTrackingOf(product);
    if (because !== undefined) throw reset(because);
  }

  private async productOf(host: ManagedObjectReference, call: CallOptions): Promise<HostProduct | undefined> {
    const { props } = await readProperties(this.vsphere.client, host, ['summary.config.product'], call);
    return props['summary.config.product'] as HostProduct | undefined;
  }
}

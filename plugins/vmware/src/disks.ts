import { MigrationError } from '@ossea/errors';
import type { BlockEndpoint, CallOptions, DiskReader, Lease } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { diskOfSnapshot } from './snapshot-disks.js';
import { readStorage } from './surroundings.js';
import { chooseTransport, type DiskTransport } from './transports/index.js';
import { transportDisk } from './transport-disk.js';
import { labelOf } from './virtual-disks.js';
import type { Vsphere } from './vsphere.js';

/** Disks of snapshots, each read by the first transport that can. */
export class VmwareDisks implements DiskReader {
  constructor(
    private readonly vsphere: Vsphere,
    private readonly transports: readonly DiskTransport[],
  ) {}

  /** Throws `source.blocked` when no transport can read the disk, and what opening throws. */
  open(disk: string, snapshot: string, call: CallOptions): Promise<Lease<BlockEndpoint>> {
    return guarded(call, async () => {
      const { id, disk: device } = await diskOfSnapshot(this.vsphere, disk, snapshot, call);
      const machine = await this.vsphere.vm(id.vm, call, ['parent']);
      const wanted = transportDisk(id, device, await readStorage(this.vsphere.client, machine, device, call));
      const { chosen, refused } = chooseTransport(this.transports, wanted);
      if (!chosen) {
        const why = refused.map(({ id: transport, because }) => `${transport}: ${because}`).join(' ');
        throw new MigrationError('source.blocked', `Nothing here can read "${labelOf(device)}". ${why}`, {
          context: { disk },
        });
      }
      this.vsphere.log.info('A disk is read.', { vm: id.vm, disk, transport: chosen.id });
      return this.tracked(id.snapshot, await chosen.open(wanted, call));
    });
  }

  /** The lease ends with its snapshot and with the session, if nobody gives it back before. */
  private tracked(snapshot: string, opened: Lease<BlockEndpoint>): Lease<BlockEndpoint> {
    let ending: Promise<void> | undefined;
    const lease = {
      value: opened.value,
      [Symbol.asyncDispose]: (): Promise<void> => {
        forget();
        return (ending ??= Promise.resolve(opened[Symbol.asyncDispose]()));
      },
    };
    const forget = this.vsphere.leases.add(snapshot, lease);
    return lease;
  }
}

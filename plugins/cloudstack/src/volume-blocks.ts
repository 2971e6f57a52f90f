import type { CallOptions } from '@ossea/plugin-sdk';
import type { Attachments } from './attachments.js';
import type { Volume } from './client/index.js';
import type { Limits } from './limits.js';

/**
 * The blocks of a volume. CloudStack makes them when a volume is attached for the first time; until then it is a row of
 * a table, which can neither be snapshotted nor booted from (VolumeApiServiceImpl, state Allocated).
 */
export class VolumeBlocks {
  constructor(
    private readonly attachments: Attachments,
    private readonly limits: Limits,
    private readonly applianceVmId: string,
  ) {}

  /** Attaches a volume that was never attached to the appliance for a moment. Throws `volume.no-slot`. */
  async mustBeThere(volume: Volume, options: CallOptions): Promise<void> {
    if (volume.state !== 'Allocated') return;
    await this.attachments.attachToAppliance(volume.id, await this.limits.dataVolumes(options), options);
    await this.attachments.detach(volume.id, this.applianceVmId, options);
  }
}

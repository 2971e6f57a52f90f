import { MigrationError } from '@ossea/errors';
import type { ExportSpec } from '@ossea/qemu';
import type { DataSource } from 'typeorm';
import type { Deltas } from './deltas.js';
import type { NbdExport } from './nbd-export.entity.js';
import type { VolumeAttachments } from './volume-attachments.js';
import type { VolumeLeases } from './volume-leases.js';
import { Volume } from './volume.entity.js';

/** What a storage daemon must show for a row of the exports. */
export class ExportSpecs {
  constructor(
    private readonly database: DataSource,
    private readonly attachments: VolumeAttachments,
    private readonly deltas: Deltas,
    private readonly leases: VolumeLeases,
  ) {}

  /**
   * Throws `volume.lease-lost` for an export whose lease was fenced, `volume.in-use` for a volume that is not
   * attached to this appliance, `request.conflict` for a delta that is sealed.
   */
  async of(row: NbdExport): Promise<ExportSpec> {
    const { signal } = new AbortController();
    await this.leases.assertCurrent(row.volumeId, row.epoch);
    const { name: exportName, writable } = row;
    if (row.what === 'delta') {
      const delta = row.deltaId === null ? null : await this.deltas.byId(row.deltaId);
      if (delta?.state !== 'receiving')
        throw new MigrationError('request.conflict', 'Only a delta that is being received is exported.', {
          context: { exportName },
        });
      return { exportName, path: this.deltas.pathOf(delta), format: 'qcow2', kind: 'file', writable };
    }
    const volume = await this.database.getRepository(Volume).findOneByOrFail({ id: row.volumeId });
    const { path, format, kind } = await this.attachments.device(volume, { signal });
    return { exportName, path, format, kind, writable };
  }
}

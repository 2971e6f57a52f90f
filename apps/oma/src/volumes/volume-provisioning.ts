import { randomUUID } from 'node:crypto';
import { partKey, provisioned, unprovisioned, type DiskVolume } from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { CallOptions, DiskDescription, DiskKey, IdempotencyKey } from '@ossea/plugin-sdk';
import { In, type DataSource } from 'typeorm';
import { newId } from '../database/new-id.js';
import type { Deltas } from './deltas.js';
import type { DigestMaps } from './digest-maps.js';
import { DiskLease } from './disk-lease.entity.js';
import { NbdExport } from './nbd-export.entity.js';
import { VolumeSnapshot } from './volume-snapshot.entity.js';
import type { VolumeAttachments } from './volume-attachments.js';
import type { ContextTarget, ContextTargets } from './volumes-ports.js';
import { Volume } from './volume.entity.js';

export interface CreatedVolumes {
  readonly volumes: readonly DiskVolume[];
  /** Disks whose volume was made by this very call, and never written. */
  readonly fresh: readonly DiskKey[];
}

/** Brings target volumes into being, one per disk, and takes them out of it when the operator has approved that. */
export class VolumeProvisioning {
  constructor(
    private readonly database: DataSource,
    private readonly targets: ContextTargets,
    private readonly attachments: VolumeAttachments,
    private readonly deltas: Deltas,
    private readonly digests: DigestMaps,
  ) {}

  /**
   * One volume per disk. The row and its key are written before the target is asked, so a crash leaves no twin.
   * @param key of all volumes of the context; each disk's own key is a part of it.
   */
  async create(
    contextId: string,
    disks: readonly DiskDescription[],
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<CreatedVolumes> {
    const target = await this.targets.targetOf(contextId);
    const volumes: DiskVolume[] = [];
    const fresh: DiskKey[] = [];
    for (const disk of disks) {
      const row = await this.rowOf(contextId, disk, target, key);
      if (row.ref === null) {
        const session = await this.attachments.session(row, options);
        if (!(await session.volumes.find(row.createKey, options))?.complete) fresh.push(disk.key);
        const spec = {
          name: `${target.vmName}-${disk.key}`,
          sizeBytes: disk.sizeBytes,
          placement: target.placement,
        };
        row.ref = await provisioned(session.volumes, spec, row.createKey, options);
        await this.database
          .getRepository(Volume)
          .update({ id: row.id }, { ref: row.ref, updatedAt: new Date() });
      }
      volumes.push({ disk: disk.key, volume: row.ref });
    }
    return { volumes, fresh };
  }

  /**
   * Removes every volume of the context with what belongs to it: only by a plan that the operator has approved.
   * Throws `request.conflict` while one is exported or still has snapshots.
   */
  async remove(contextId: string, options: CallOptions): Promise<void> {
    const volumes = await this.attachments.volumesOf(contextId);
    const exported = await this.database.getRepository(NbdExport).countBy({ contextId });
    const snapshots = await this.database.getRepository(VolumeSnapshot).countBy({ contextId });
    if (exported + snapshots > 0)
      throw new MigrationError('request.conflict', 'The volumes are exported or have snapshots.', {
        context: { contextId, exported, snapshots },
      });
    if (volumes.some(({ state }) => state === 'attached')) await this.attachments.detach(contextId, options);
    for (const volume of volumes) {
      const session = await this.attachments.session(volume, options);
      if (volume.ref === null) await unprovisioned(session.volumes, volume.createKey, options);
      else await session.volumes.remove(volume.ref, options);
      await this.deltas.forget(volume.id);
      await this.digests.drop(volume.id);
    }
    const ids = volumes.map(({ id }) => id);
    if (ids.length === 0) return;
    await this.database.transaction(async (manager) => {
      await manager.getRepository(DiskLease).delete({ volumeId: In(ids) });
      await manager.getRepository(Volume).delete({ id: In(ids) });
    });
  }

  private async rowOf(
    contextId: string,
    disk: DiskDescription,
    target: ContextTarget,
    key: IdempotencyKey,
  ): Promise<Volume> {
    const volumes = this.database.getRepository(Volume);
    const existing = await volumes.findOneBy({ contextId, diskKey: disk.key });
    if (existing) return existing;
    const row = volumes.create({
      id: newId('vol'),
      contextId,
      diskKey: disk.key,
      targetConnectionId: target.connectionId,
      ref: null,
      createKey: partKey(key, disk.key),
      exportName: `vol-${randomUUID()}`,
      sizeBytes: disk.sizeBytes,
      volumeSizeBytes: null,
      generation: 1,
      state: 'detached',
      devicePath: null,
      deviceKind: null,
      format: null,
      serial: null,
      currentPoint: null,
      foldState: 'idle',
      leaseEpoch: 0,
    });
    return volumes.save(row);
  }
}

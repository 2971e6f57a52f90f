import { Injectable } from '@nestjs/common';
import type { VmContext as VmContextView } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, In, type EntityManager } from 'typeorm';
import { Job } from '../jobs/job.entity.js';
import { Volume } from '../volumes/volume.entity.js';
import { VmContext, VmDisk } from './vm-context.entity.js';

/** VM contexts as the API and the feed show them. */
@Injectable()
export class ContextViews {
  constructor(private readonly database: DataSource) {}

  /** One context, inside or outside a transaction. Throws `request.not-found`. */
  async viewOf(manager: EntityManager, contextId: string): Promise<VmContextView> {
    const row = await manager.getRepository(VmContext).findOneBy({ id: contextId });
    const [view] = row ? await this.viewsOf(manager, [row]) : [];
    if (!view)
      throw new MigrationError('request.not-found', 'There is no such VM context.', {
        context: { context: contextId.slice(0, 40) },
      });
    return view;
  }

  /** Every context that is not over. */
  async all(): Promise<VmContextView[]> {
    const rows = await this.database.getRepository(VmContext).find({ order: { id: 'ASC' } });
    return this.viewsOf(this.database.manager, rows);
  }

  async viewsOf(manager: EntityManager, rows: readonly VmContext[]): Promise<VmContextView[]> {
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return [];
    const disks = await manager
      .getRepository(VmDisk)
      .find({ where: { contextId: In(ids) }, order: { position: 'ASC' } });
    const volumes = await manager.getRepository(Volume).findBy({ contextId: In(ids) });
    const jobs = await manager.getRepository(Job).findBy({ lane: In(ids) });
    return rows.map((row) =>
      viewOfRow(
        row,
        disks
          .filter(({ contextId }) => contextId === row.id)
          .map(({ diskKey, backing, label, sizeBytes, boot }) => {
            const volume = volumes.find((one) => one.contextId === row.id && one.diskKey === diskKey);
            return {
              key: diskKey,
              backing,
              label,
              sizeBytes,
              boot,
              ...(volume?.ref == null ? {} : { volumeRef: volume.ref }),
            };
          }),
        jobs.find(({ lane }) => lane === row.id)?.id,
      ),
    );
  }
}

function viewOfRow(
  row: VmContext,
  disks: VmContextView['disks'],
  activeJobId: string | undefined,
): VmContextView {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    ...(row.origin === null ? {} : { origin: row.origin }),
    sourceConnectionId: row.sourceConnectionId,
    ...(row.targetConnectionId === null ? {} : { targetConnectionId: row.targetConnectionId }),
    ...(row.vmaId === null ? {} : { vmaId: row.vmaId }),
    sourceVmId: row.sourceVmId,
    ...(row.placement === null ? {} : { placement: row.placement }),
    ...(row.machine === null ? {} : { machine: row.machine }),
    disks,
    generation: row.generation,
    autoAdded: row.autoAdded,
    ...(row.lastCycle === null ? {} : { lastCycle: row.lastCycle }),
    ...(activeJobId === undefined ? {} : { activeJobId }),
    version: row.version,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

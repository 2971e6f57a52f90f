import { Injectable } from '@nestjs/common';
import type { SourceMachine, VmContext as VmContextView } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, In, Not, type EntityManager } from 'typeorm';
import { Job } from '../jobs/job.entity.js';
import { Volume } from '../volumes/volume.entity.js';
import { VmContext, VmDisk, type MachineFacts } from './vm-context.entity.js';

/** Databases bound the number of values that one question may name. */
const BATCH = 500;

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

  /** Every context but those whose VM was released from management. */
  async all(): Promise<VmContextView[]> {
    const rows = await this.database
      .getRepository(VmContext)
      .find({ where: { state: Not('released') }, order: { id: 'ASC' } });
    return this.viewsOf(this.database.manager, rows);
  }

  /** The rows as views, in their order. */
  async viewsOf(manager: EntityManager, rows: readonly VmContext[]): Promise<VmContextView[]> {
    const views: VmContextView[] = [];
    for (let i = 0; i < rows.length; i += BATCH)
      views.push(...(await this.batch(manager, rows.slice(i, i + BATCH))));
    return views;
  }

  private async batch(manager: EntityManager, rows: readonly VmContext[]): Promise<VmContextView[]> {
    const ids = rows.map(({ id }) => id);
    const disks = await manager
      .getRepository(VmDisk)
      .find({ where: { contextId: In(ids) }, order: { position: 'ASC' } });
    const volumes = await manager.getRepository(Volume).findBy({ contextId: In(ids) });
    const jobs = await manager.getRepository(Job).findBy({ lane: In(ids) });
    const refs = new Map(volumes.map(({ contextId, diskKey, ref }) => [`${contextId} ${diskKey}`, ref]));
    const disksOf = new Map<string, VmDisk[]>(ids.map((id) => [id, []]));
    for (const disk of disks) disksOf.get(disk.contextId)?.push(disk);
    const jobOf = new Map(jobs.map(({ lane, id }) => [lane, id]));
    return rows.map((row) => {
      const views = (disksOf.get(row.id) ?? []).map(({ diskKey, backing, label, sizeBytes, boot }) => {
        const volumeRef = refs.get(`${row.id} ${diskKey}`) ?? undefined;
        const details = row.machine?.disks?.find(({ key }) => key === diskKey);
        return {
          ...details,
          ...{ key: diskKey, backing, label, sizeBytes, boot },
          ...(volumeRef ? { volumeRef } : {}),
        };
      });
      return viewOfRow(row, views, jobOf.get(row.id));
    });
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
    ...(row.machine === null ? {} : { machine: withoutDisks(row.machine) }),
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

function withoutDisks({ disks: _, ...machine }: MachineFacts): SourceMachine {
  return machine;
}

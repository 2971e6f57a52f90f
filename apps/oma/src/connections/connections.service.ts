import { Injectable } from '@nestjs/common';
import type {
  Connection as ConnectionView,
  ConnectionPage,
  CreateConnection,
  ListQuery,
  UpdateConnection,
} from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { isForeignKeyViolation, isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import type { Caller } from '../http/caller.js';
import { Outbox } from '../progress/outbox.js';
import { Connection } from './connection.entity.js';
import { ConnectionSettings } from './connection-settings.js';
import { unknownConnection } from './connection-trials.js';
import { ConnectionVmas } from './connection-vmas.js';

/** Configured plugins. */
@Injectable()
export class ConnectionsService {
  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly settings: ConnectionSettings,
    private readonly vmas: ConnectionVmas,
    private readonly audit: AuditTrail,
  ) {}

  /** Throws `plugin.unknown`, `config.invalid`, `config.missing` (a source without a VMA), `resource.conflict`. */
  create(wanted: CreateConnection, caller: Caller): Promise<ConnectionView> {
    return this.settings.sealing(() => this.createSealed(wanted, caller));
  }

  private async createSealed(wanted: CreateConnection, { correlationId }: Caller): Promise<ConnectionView> {
    const { name, kind, pluginId, vmaId } = wanted;
    const id = newId('con');
    const stored = this.settings.sealed({ id, kind, pluginId }, wanted.settings);
    await this.vmas.check(kind, vmaId);
    return this.written(name, async (manager) => {
      const connections = manager.getRepository(Connection);
      await connections.save(
        connections.create({ id, name, kind, pluginId, vmaId: vmaId ?? null, ...stored }),
      );
      await this.tell(manager, id, 'created', correlationId);
      await this.note(manager, 'connection.create', id, { name, kind, pluginId, vmaId });
      return this.view(await connections.findOneByOrFail({ id }));
    });
  }

  /**
   * Changes what is named. Throws as `create` does, `request.conflict` when `version` is not the present one or
   * somebody else changes the connection at this moment, and `resource.busy` for a new VMA while a job uses the old.
   */
  update(
    id: string,
    change: UpdateConnection,
    version: number | undefined,
    caller: Caller,
  ): Promise<ConnectionView> {
    return this.settings.sealing(() => this.updateSealed(id, change, version, caller));
  }

  private async updateSealed(
    id: string,
    change: UpdateConnection,
    version: number | undefined,
    { correlationId }: Caller,
  ): Promise<ConnectionView> {
    const row = await this.row(id);
    if (version !== undefined && version !== row.version) throw changedMeanwhile(row);
    if (change.vmaId !== undefined) await this.vmas.check(row.kind, change.vmaId);
    const next: object = {
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.vmaId === undefined ? {} : { vmaId: change.vmaId }),
      ...(change.settings === undefined ? {} : this.settings.sealed(row, change.settings, row)),
    };
    return this.written(change.name ?? row.name, async (manager) => {
      const connections = manager.getRepository(Connection);
      const changed = await connections.update(
        { id, version: row.version },
        { ...next, updatedAt: new Date() },
      );
      if (changed.affected !== 1) throw changedMeanwhile(row);
      if (change.vmaId !== undefined && change.vmaId !== row.vmaId)
        await this.vmas.move(manager, id, change.vmaId, correlationId);
      await this.tell(manager, id, 'updated', correlationId);
      await this.note(manager, 'connection.change', id, {
        name: row.name,
        changed: Object.keys(change),
        ...(change.vmaId === undefined ? {} : { vmaId: change.vmaId }),
      });
      return this.view(await connections.findOneByOrFail({ id }));
    });
  }

  /** Throws `request.not-found`, and `request.conflict` while a VM, or the history of one, uses the connection. */
  async remove(id: string, version: number | undefined, { correlationId }: Caller): Promise<void> {
    const row = await this.row(id);
    if (version !== undefined && version !== row.version) throw changedMeanwhile(row);
    try {
      await this.unitOfWork.run(async (manager) => {
        const contexts = manager.getRepository(VmContext);
        const machines = await contexts.countBy([{ sourceConnectionId: id }, { targetConnectionId: id }]);
        if (machines > 0) throw inUse(row, machines);
        const removed = await manager.getRepository(Connection).delete({ id, version: row.version });
        if (removed.affected !== 1) throw changedMeanwhile(row);
        await this.tell(manager, id, 'removed', correlationId);
        await this.note(manager, 'connection.delete', id, { name: row.name });
      });
    } catch (error) {
      // a machine came at this very moment
      throw isForeignKeyViolation(error) ? inUse(row, 1) : error;
    }
  }

  async get(id: string): Promise<ConnectionView> {
    return this.view(await this.row(id));
  }

  /** Newest first. */
  async list({ limit, cursor }: ListQuery): Promise<ConnectionPage> {
    const rows = await this.database.getRepository(Connection).find({
      where: cursor === undefined ? {} : { id: LessThan(cursor) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    const items = rows.slice(0, limit).map((row) => this.view(row));
    const next = rows.length > limit ? items.at(-1)?.id : undefined;
    return { items, page: next === undefined ? {} : { next } };
  }

  private async written(
    name: string,
    write: (manager: EntityManager) => Promise<ConnectionView>,
  ): Promise<ConnectionView> {
    try {
      return await this.unitOfWork.run(write);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new MigrationError('resource.conflict', `There is a connection "${name}" already.`, {
        cause: error,
      });
    }
  }

  private tell(
    manager: EntityManager,
    connectionId: string,
    change: 'created' | 'updated' | 'removed',
    correlationId: string,
  ): Promise<void> {
    return this.outbox.append(
      manager,
      'connection.changed',
      connectionId,
      { connectionId, change },
      correlationId,
    );
  }

  private note(
    manager: EntityManager,
    action: 'connection.create' | 'connection.change' | 'connection.delete',
    id: string,
    detail: Record<string, unknown>,
  ): Promise<void> {
    return this.audit.append(manager, { action, subject: { type: 'connection', id }, detail });
  }

  private async row(id: string): Promise<Connection> {
    const row = await this.database.getRepository(Connection).findOneBy({ id });
    if (!row) throw unknownConnection(id);
    return row;
  }

  private view(row: Connection): ConnectionView {
    return {
      id: row.id,
      name: row.name,
      kind: row.kind,
      pluginId: row.pluginId,
      ...(row.vmaId === null ? {} : { vmaId: row.vmaId }),
      settings: this.settings.masked(row),
      version: row.version,
      createdAt: row.createdAt.toISOString(),
      updatedAt: row.updatedAt.toISOString(),
    };
  }
}

function changedMeanwhile({ id, version }: Connection): MigrationError {
  return new MigrationError('request.conflict', 'The connection was changed meanwhile; read it again.', {
    context: { connection: id, version },
  });
}

function inUse({ id }: Connection, machines: number): MigrationError {
  const who = machines === 1 ? '1 machine uses' : `${machines} machines use`;
  return new MigrationError(
    'request.conflict',
    `${who} this connection; it stays as long as their history needs it.`,
    { context: { connection: id, machines } },
  );
}

import { Inject, Injectable } from '@nestjs/common';
import type {
  Connection as ConnectionView,
  ConnectionPage,
  ConnectionTest,
  CreateConnection,
  ListQuery,
  UpdateConnection,
} from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import { DataSource, LessThan } from 'typeorm';
import { isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import { Outbox } from '../progress/outbox.js';
import { Connection } from './connection.entity.js';
import { ConnectionSessions } from './connection-sessions.js';
import { maskSettings, parseSettings, sealSettings, unmask } from './connection-settings.js';
import { TRUSTED_VMAS, type TrustedVmas } from './connections-ports.js';
import { SecretBox } from './secret-box.js';

/** Configured plugins. */
@Injectable()
export class ConnectionsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly registry: PluginRegistry,
    private readonly box: SecretBox,
    private readonly outbox: Outbox,
    private readonly sessions: ConnectionSessions,
    @Inject(TRUSTED_VMAS) private readonly vmas: TrustedVmas,
  ) {}

  /** Throws `plugin.unknown`, `config.invalid`, `config.missing` (a source without a VMA), `resource.conflict`. */
  async create(wanted: CreateConnection): Promise<ConnectionView> {
    const { name, kind, pluginId, vmaId } = wanted;
    const plugin = this.registry.get(pluginId, kind);
    const settings = parseSettings(plugin.settings, wanted.settings);
    await this.checkVma(kind, vmaId);
    const id = newId('con');
    const row = {
      id,
      name,
      kind,
      pluginId,
      vmaId: vmaId ?? null,
      ...sealSettings(plugin.settings, settings, this.box, id),
    };
    return this.save(row, 'created');
  }

  /** Throws as `create` does, and `request.conflict` when `version` is not the present one. */
  async update(id: string, change: UpdateConnection, version: number | undefined): Promise<ConnectionView> {
    const row = await this.row(id);
    if (version !== undefined && version !== row.version)
      throw new MigrationError('request.conflict', 'The connection was changed meanwhile; read it again.', {
        context: { version: row.version },
      });
    const plugin = this.registry.get(row.pluginId, row.kind);
    if (change.vmaId !== undefined) await this.checkVma(row.kind, change.vmaId);
    if (change.settings !== undefined) {
      const settings = parseSettings(plugin.settings, unmask(change.settings, row, this.box, id));
      Object.assign(row, sealSettings(plugin.settings, settings, this.box, id));
    }
    if (change.name !== undefined) row.name = change.name;
    if (change.vmaId !== undefined) row.vmaId = change.vmaId;
    const view = await this.save(row, 'updated');
    await this.sessions.close(id);
    return view;
  }

  /** Throws `request.conflict` while a VM uses the connection. */
  async remove(id: string): Promise<void> {
    await this.unitOfWork.run(async (manager) => {
      const contexts = manager.getRepository(VmContext);
      const users = await contexts.countBy([{ sourceConnectionId: id }, { targetConnectionId: id }]);
      if (users > 0)
        throw new MigrationError('request.conflict', `${users} machines use this connection.`, {
          context: { connection: id, machines: users },
        });
      const removed = await manager.getRepository(Connection).delete({ id });
      if (removed.affected !== 1) throw unknown(id);
      await this.outbox.append(manager, 'connection.changed', id, { connectionId: id, change: 'removed' });
    });
    await this.sessions.close(id);
  }

  /** A real connect, at once. Throws what it throws. */
  async test(id: string, signal: AbortSignal): Promise<ConnectionTest> {
    const { kind } = await this.row(id);
    await this.sessions.close(id);
    const began = performance.now();
    const session =
      kind === 'source'
        ? await this.sessions.source(id, { signal })
        : await this.sessions.target(id, { signal });
    const capabilities = Object.entries(session.can).flatMap(([name, granted]) => (granted ? [name] : []));
    return { ok: true, capabilities, durationMs: Math.round(performance.now() - began) };
  }

  async get(id: string): Promise<ConnectionView> {
    return viewOf(await this.row(id));
  }

  async list({ limit, cursor }: ListQuery): Promise<ConnectionPage> {
    const rows = await this.database.getRepository(Connection).find({
      where: cursor === undefined ? {} : { id: LessThan(cursor) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    const items = rows.slice(0, limit).map(viewOf);
    const next = rows.length > limit ? items.at(-1)?.id : undefined;
    return { items, page: next === undefined ? {} : { next } };
  }

  private async checkVma(kind: 'source' | 'target', vmaId: string | undefined): Promise<void> {
    if (kind === 'target') return;
    if (vmaId === undefined)
      throw new MigrationError('config.missing', 'vmaId: expected the VMA that reaches this source.');
    await this.vmas.mustBeApproved(vmaId);
  }

  private async save(
    row: Omit<Connection, 'version' | 'createdAt' | 'updatedAt' | 'stampNew' | 'stampChanged'>,
    change: 'created' | 'updated',
  ): Promise<ConnectionView> {
    try {
      return await this.unitOfWork.run(async (manager) => {
        const connections = manager.getRepository(Connection);
        const saved = await connections.save(connections.create({ ...row }));
        await this.outbox.append(manager, 'connection.changed', row.id, { connectionId: row.id, change });
        return viewOf(await connections.findOneByOrFail({ id: saved.id }));
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new MigrationError('resource.conflict', `There is a connection "${row.name}" already.`, {
        cause: error,
      });
    }
  }

  private async row(id: string): Promise<Connection> {
    const row = await this.database.getRepository(Connection).findOneBy({ id });
    if (!row) throw unknown(id);
    return row;
  }

  private get database(): DataSource {
    return this.sessions.database;
  }
}

function unknown(id: string): MigrationError {
  return new MigrationError('request.not-found', 'There is no such connection.', {
    context: { connection: id.slice(0, 40) },
  });
}

function viewOf(row: Connection): ConnectionView {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    pluginId: row.pluginId,
    ...(row.vmaId === null ? {} : { vmaId: row.vmaId }),
    settings: maskSettings(row),
    version: row.version,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

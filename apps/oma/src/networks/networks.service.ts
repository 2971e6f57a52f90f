import { Injectable } from '@nestjs/common';
import type {
  NetworkMapping as MappingView,
  NetworkMappingList,
  SetNetworkMapping,
  TargetNetworkList,
} from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource } from 'typeorm';
import { ConnectionSessions } from '../connections/connection-sessions.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import type { Caller } from '../http/caller.js';
import { InvalidFields } from '../http/request-validation.js';
import { Outbox } from '../progress/outbox.js';
import { NetworkMapping } from './network-mapping.entity.js';

/** Which target network takes the place of which source network. */
@Injectable()
export class NetworksService {
  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly sessions: ConnectionSessions,
    private readonly audit: AuditTrail,
  ) {}

  /** The networks of a target, as it lists them now. */
  async available(connectionId: string, signal: AbortSignal): Promise<TargetNetworkList> {
    const target = await this.sessions.target(connectionId, { signal });
    const networks = await target.networks.list({ signal });
    return { items: networks.map(({ ref, name, isolated }) => ({ ref, name, isolated })) };
  }

  /** Throws `request.not-found` for an unknown context. */
  async list(contextId: string): Promise<NetworkMappingList> {
    await this.context(contextId);
    const rows = await this.database
      .getRepository(NetworkMapping)
      .find({ where: { contextId }, order: { sourceNetwork: 'ASC' } });
    return { items: rows.map(viewOf) };
  }

  /**
   * Replaces the mapping of one source network. Throws `request.not-found` for an unknown context, `config.invalid`
   * for networks that the target does not have, and what asking the target throws.
   */
  async set(wanted: SetNetworkMapping, { correlationId }: Caller, signal: AbortSignal): Promise<MappingView> {
    const { targetConnectionId } = await this.context(wanted.contextId);
    if (targetConnectionId !== null) await this.mustExist(targetConnectionId, wanted, signal);
    try {
      return await this.write(wanted, correlationId);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      // somebody else has just mapped the same network for the first time: ours replaces it
      return this.write(wanted, correlationId);
    }
  }

  private write(wanted: SetNetworkMapping, correlationId: string): Promise<MappingView> {
    const { contextId, sourceNetwork, liveNetwork, testNetwork } = wanted;
    return this.unitOfWork.run(async (manager) => {
      const mappings = manager.getRepository(NetworkMapping);
      const known = await mappings.findOneBy({ contextId, sourceNetwork });
      const row = await mappings.save(
        mappings.create({
          id: known?.id ?? newId('map'),
          contextId,
          sourceNetwork,
          liveNetwork: liveNetwork ?? null,
          testNetwork: testNetwork ?? null,
        }),
      );
      await this.outbox.append(
        manager,
        'network-mapping.changed',
        contextId,
        { contextId, sourceNetwork },
        correlationId,
      );
      await this.audit.append(manager, {
        action: 'network-mapping.change',
        subject: { type: 'vm-context', id: contextId },
        detail: { sourceNetwork, liveNetwork, testNetwork },
      });
      return viewOf(row);
    });
  }

  private async context(contextId: string): Promise<VmContext> {
    const context = await this.database.getRepository(VmContext).findOneBy({ id: contextId });
    if (!context)
      throw new MigrationError('request.not-found', 'There is no such VM context.', {
        context: { context: contextId },
      });
    return context;
  }

  private async mustExist(
    connectionId: string,
    { liveNetwork, testNetwork }: SetNetworkMapping,
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = Object.entries({ liveNetwork, testNetwork });
    if (wanted.every(([, ref]) => ref === undefined)) return;
    const { items } = await this.available(connectionId, signal);
    const unknown = wanted.filter(([, ref]) => ref !== undefined && !items.some((one) => one.ref === ref));
    if (unknown.length > 0)
      throw new InvalidFields(
        'config.invalid',
        `The target has no network ${unknown.map(([, ref]) => `"${ref}"`).join(' and ')}.`,
        unknown.map(([field]) => ({
          pointer: `/${field}`,
          message: 'The target does not list this network.',
        })),
      );
  }
}

function viewOf({ contextId, sourceNetwork, liveNetwork, testNetwork }: NetworkMapping): MappingView {
  return {
    contextId,
    sourceNetwork,
    ...(liveNetwork === null ? {} : { liveNetwork }),
    ...(testNetwork === null ? {} : { testNetwork }),
  };
}

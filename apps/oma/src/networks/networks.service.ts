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
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { VmContext } from '../discovery/vm-context.entity.js';
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
  ) {}

  /** The networks of a target, as it lists them now. */
  async available(connectionId: string, signal: AbortSignal): Promise<TargetNetworkList> {
    const target = await this.sessions.target(connectionId, { signal });
    return { items: (await target.networks.list({ signal })).map((network) => ({ ...network })) };
  }

  async list(contextId: string): Promise<NetworkMappingList> {
    const rows = await this.database
      .getRepository(NetworkMapping)
      .find({ where: { contextId }, order: { sourceNetwork: 'ASC' } });
    return { items: rows.map(viewOf) };
  }

  /** Replaces the mapping of one source network. Throws `request.not-found`, `network.unmapped` for an unknown target network. */
  async set(wanted: SetNetworkMapping, signal: AbortSignal): Promise<MappingView> {
    const { contextId, sourceNetwork, liveNetwork, testNetwork } = wanted;
    const context = await this.database.getRepository(VmContext).findOneBy({ id: contextId });
    if (!context)
      throw new MigrationError('request.not-found', 'There is no such VM context.', {
        context: { context: contextId },
      });
    if (context.targetConnectionId !== null)
      await this.mustExist(context.targetConnectionId, [liveNetwork, testNetwork], signal);
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
      await this.outbox.append(manager, 'network-mapping.changed', contextId, { contextId, sourceNetwork });
      return viewOf(row);
    });
  }

  private async mustExist(
    connectionId: string,
    wanted: readonly (string | undefined)[],
    signal: AbortSignal,
  ): Promise<void> {
    const { items } = await this.available(connectionId, signal);
    const unknown = wanted.find((ref) => ref !== undefined && !items.some((network) => network.ref === ref));
    if (unknown !== undefined)
      throw new MigrationError('network.unmapped', `The target has no network "${unknown}".`, {
        context: { network: unknown },
      });
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

import { MigrationError } from '@ossea/errors';
import type { DataSource } from 'typeorm';
import { VmContext } from '../discovery/vm-context.entity.js';
import type { ContextTarget, ContextTargets } from './volumes-ports.js';

/** Where a VM goes, as its row says. */
export class StoredContextTargets implements ContextTargets {
  constructor(private readonly database: DataSource) {}

  async targetOf(contextId: string): Promise<ContextTarget> {
    const context = await this.database.getRepository(VmContext).findOneBy({ id: contextId });
    if (!context) throw new MigrationError('request.not-found', `There is no VM context "${contextId}".`);
    if (context.targetConnectionId === null)
      throw new MigrationError('config.missing', `No target is chosen for "${context.name}".`, {
        context: { contextId },
      });
    return {
      connectionId: context.targetConnectionId,
      placement: context.placement ?? {},
      vmName: context.name,
    };
  }
}

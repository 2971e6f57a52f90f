import { Inject, Injectable } from '@nestjs/common';
import type { PluginKind } from '@ossea/api-contract';
import { MigrationError, isMigrationError } from '@ossea/errors';
import { In, Not, type EntityManager } from 'typeorm';
import { ContextViews } from '../discovery/context-views.js';
import { OVER_STATES } from '../discovery/over-states.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import { InvalidFields } from '../http/request-validation.js';
import { Job } from '../jobs/job.entity.js';
import { Outbox } from '../progress/outbox.js';
import { TRUSTED_VMAS, type TrustedVmas } from './connections-ports.js';

/** Which VMA reaches a source, and with it the machines of that source. */
@Injectable()
export class ConnectionVmas {
  constructor(
    @Inject(TRUSTED_VMAS) private readonly vmas: TrustedVmas,
    private readonly views: ContextViews,
    private readonly outbox: Outbox,
  ) {}

  /** Throws `config.missing` unless a source names an approved VMA, `config.invalid` for a target that names one. */
  async check(kind: PluginKind, vmaId: string | undefined): Promise<void> {
    if (kind === 'target') {
      if (vmaId === undefined) return;
      throw new InvalidFields('config.invalid', 'A target is reached by this appliance, not through a VMA.', [
        { pointer: '/vmaId', message: 'Only sources have a VMA.' },
      ]);
    }
    if (vmaId === undefined)
      throw new MigrationError('config.missing', 'vmaId: expected the VMA that reaches this source.');
    try {
      await this.vmas.mustBeApproved(vmaId);
    } catch (error) {
      if (!isMigrationError(error) || error.code !== 'request.not-found') throw error;
      throw new MigrationError('config.missing', 'vmaId: expected a VMA that has enrolled here.', {
        context: { vma: vmaId },
      });
    }
  }

  /**
   * Moves the machines of a source to the VMA that reaches it from now on.
   * Throws `resource.busy` while a job of one of them runs: its copies are on the VMA of before.
   */
  async move(manager: EntityManager, sourceId: string, vmaId: string, correlationId: string): Promise<void> {
    const contexts = manager.getRepository(VmContext);
    const rows = await contexts.findBy({ sourceConnectionId: sourceId, state: Not(In(OVER_STATES)) });
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return;
    // first, because a job that begins writes its context: now it has to wait for us, or we have waited for it
    await contexts.update({ id: In(ids) }, { vmaId, updatedAt: new Date() });
    const job = await manager.getRepository(Job).findOneBy({ contextId: In(ids), state: 'running' });
    if (job)
      throw new MigrationError(
        'resource.busy',
        `The job ${job.id} (${job.kind}) still uses the present VMA.`,
        {
          context: { job: job.id, kind: job.kind },
        },
      );
    for (const id of ids) {
      const context = await this.views.viewOf(manager, id);
      await this.outbox.append(manager, 'context.changed', id, { context }, correlationId);
    }
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ContextViews } from '../discovery/context-views.js';
import { Outbox } from '../progress/outbox.js';
import { pointView } from './point-views.js';
import { RecoveryPoint } from './recovery-point.entity.js';

interface Subject {
  readonly contextId: string;
  readonly correlationId: string;
}

/** Tells of recovery points, in the transactions that make them. */
@Injectable()
export class PointFacts {
  constructor(
    private readonly outbox: Outbox,
    private readonly contexts: ContextViews,
  ) {}

  async sealed(
    manager: EntityManager,
    pointId: string,
    { contextId, correlationId }: Subject,
  ): Promise<void> {
    const row = await manager.getRepository(RecoveryPoint).findOneByOrFail({ id: pointId });
    const point = await pointView(manager, row);
    await this.outbox.append(manager, 'point.sealed', contextId, { point }, correlationId);
    const context = await this.contexts.viewOf(manager, contextId);
    await this.outbox.append(manager, 'context.changed', contextId, { context }, correlationId);
  }

  async folded(
    manager: EntityManager,
    sequence: number,
    { contextId, correlationId }: Subject,
  ): Promise<void> {
    await this.outbox.append(manager, 'point.folded', contextId, { contextId, sequence }, correlationId);
  }
}

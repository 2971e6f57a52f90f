import { Injectable } from '@nestjs/common';
import { CONTEXT_MACHINE, mayStandBesideATest, nextOrigin, nextState, type ContextState } from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import { Not, In, type EntityManager } from 'typeorm';
import { ContextViews } from '../discovery/context-views.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import { FailoverRun } from '../failover/failover-run.entity.js';
import { Outbox } from '../progress/outbox.js';
import { FactSheet } from './runs/run.entities.js';

/** States of a test failover in which nothing of it is left that reads the volumes. */
const TEST_OVER = ['cleaned-up', 'left-behind'];

/** Moves VM contexts through their machine: state and fact in one transaction. */
@Injectable()
export class ContextMachine {
  constructor(
    private readonly outbox: Outbox,
    private readonly views: ContextViews,
  ) {}

  /**
   * Sends an event to the machine, in the transaction of `manager`.
   * Throws `request.not-found`; `request.conflict` when the present state does not take the event, when another
   * process was faster, or when a test failover still reads the volumes.
   */
  async send(
    manager: EntityManager,
    contextId: string,
    event: string,
    correlationId?: string,
  ): Promise<VmContext> {
    const contexts = manager.getRepository(VmContext);
    const context = await contexts.findOneBy({ id: contextId });
    if (!context) throw new MigrationError('request.not-found', `There is no VM context "${contextId}".`);
    const sheet = await manager.getRepository(FactSheet).findOneBy({ subjectId: contextId });
    const at = {
      state: context.state,
      origin: context.origin ?? undefined,
      known: new Set(Object.keys(sheet?.findings ?? {})),
    };
    const to = nextState(CONTEXT_MACHINE, at, event) as ContextState | undefined;
    if (to === undefined) throw notPossible(context, event);
    const changed = await contexts.update(
      { id: contextId, state: context.state },
      { state: to, origin: nextOrigin(CONTEXT_MACHINE, at, to) ?? null, updatedAt: new Date() },
    );
    if (changed.affected !== 1) throw notPossible(context, event);
    // After the row is locked: a test that begins at this moment has locked it before, or waits.
    await this.mustNotDisturbATest(manager, context, to);
    const view = await this.views.viewOf(manager, contextId);
    await this.outbox.append(manager, 'context.changed', contextId, { context: view }, correlationId);
    return contexts.findOneByOrFail({ id: contextId });
  }

  /** A test reads the volumes as a recovery point: nothing may take them away under it. */
  private async mustNotDisturbATest(
    manager: EntityManager,
    context: VmContext,
    to: ContextState,
  ): Promise<void> {
    // Whatever the run of this state did to the volumes is done: its end must be stored.
    if (CONTEXT_MACHINE.states[to].kind !== 'working') return;
    if (mayStandBesideATest(to, context.origin ?? undefined)) return;
    const test = await manager
      .getRepository(FailoverRun)
      .findOneBy({ contextId: context.id, kind: 'test', state: Not(In(TEST_OVER)) });
    if (test)
      throw new MigrationError(
        'request.conflict',
        `A test failover of "${context.name}" is not cleaned up yet.`,
        { context: { context: context.id, failoverRun: test.id } },
      );
  }
}

function notPossible(context: VmContext, event: string): MigrationError {
  return new MigrationError(
    'request.conflict',
    `"${event}" is not possible while "${context.name}" is ${context.state}.`,
    { context: { context: context.id, state: context.state } },
  );
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Job } from '@ossea/api-contract';
import type { EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import type { Caller } from '../http/caller.js';
import type { JobHandle } from '../jobs/job-handle.js';
import { Outbox } from '../progress/outbox.js';
import { ContextJobs } from '../replication/context-jobs.js';
import type { MachineOutcome } from '../replication/machine-runs.js';
import { FailoverRun } from './failover-run.entity.js';
import { failoverView } from './failover-views.js';
import { newestLiveRun } from './live-outcome.js';

/** The state of the failover's record when its VM has come to rest, by the VM's state. */
const RECORD_STATES: Readonly<Record<string, { readonly state: string; readonly over: boolean }>> = {
  'awaiting-commit': { state: 'awaiting-commit', over: false },
  migrated: { state: 'committed', over: true },
  'in-sync': { state: 'rolled-back', over: true },
  managed: { state: 'rolled-back', over: true },
  released: { state: 'rolled-back', over: true },
};

/** Live failovers: the VM's own machine carries them, a record tells of each. */
@Injectable()
export class LiveFailovers implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly jobs: ContextJobs,
  ) {}

  onModuleInit(): void {
    this.jobs.onEnding((contextId, job, outcome) => this.note(contextId, job, outcome));
  }

  start(contextId: string, caller: Caller): Promise<Job> {
    return this.jobs.start('live-failover', contextId, 'cutover', caller, async (manager, jobId) => {
      const runs = manager.getRepository(FailoverRun);
      const run = await runs.save(
        runs.create({
          id: newId('fov'),
          contextId,
          jobId,
          kind: 'live',
          state: 'running',
          origin: null,
          pointSequence: null,
          findings: {},
          machineRef: null,
          verdict: null,
          downtimeMs: null,
          startedAt: new Date(),
          endedAt: null,
        }),
      );
      await this.tell(manager, run, caller.correlationId);
    });
  }

  rollBack(contextId: string, caller: Caller): Promise<Job> {
    return this.jobs.start('roll-back', contextId, 'roll-back', caller);
  }

  commit(contextId: string, caller: Caller): Promise<Job> {
    return this.jobs.start('commit', contextId, 'commit', caller);
  }

  private async note(contextId: string, job: JobHandle, outcome: MachineOutcome): Promise<void> {
    if (outcome.ending === 'disowned') return;
    await this.unitOfWork.run(async (manager) => {
      const run = await newestLiveRun(manager, contextId);
      if (!run || run.endedAt !== null) return;
      const record =
        outcome.ending === 'faulted' ? { state: 'faulted', over: false } : RECORD_STATES[outcome.state];
      if (!record) return;
      run.state = record.state;
      run.endedAt = record.over ? new Date() : null;
      await manager.getRepository(FailoverRun).save(run);
      await this.tell(manager, run, job.correlationId);
    });
  }

  private tell(manager: EntityManager, run: FailoverRun, correlationId: string): Promise<void> {
    return this.outbox.append(
      manager,
      'failover.changed',
      run.contextId,
      { run: failoverView(run) },
      correlationId,
    );
  }
}

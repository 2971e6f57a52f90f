import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Job, JobCategory } from '@ossea/api-contract';
import {
  CONTEXT_ITINERARIES,
  CONTEXT_MACHINE,
  type ContextWorkingState,
  type StepHandlers,
  type StepsOf,
} from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import { DataSource, type EntityManager } from 'typeorm';
import { VmContext } from '../discovery/vm-context.entity.js';
import { LIVE_HANDLERS } from '../failover/live-steps.js';
import type { JobHandle } from '../jobs/job-handle.js';
import { JobLeases } from '../jobs/job-leases.js';
import { JobsService } from '../jobs/jobs.service.js';
import type { Caller } from '../http/caller.js';
import { ContextMachine } from './context-machine.js';
import type { MachineOutcome, MachineSubject } from './machine-runs.js';
import type { RunContext } from './run-context.js';
import { Cycle } from './cycle.entity.js';
import { CYCLE_HANDLERS } from './cycle-steps.js';
import { problemOf } from './run-journal.js';
import { RunParts } from './run-parts.js';

/** Jobs that take a VM context through working states. Each goes on after a crash by the same code. */
export const CONTEXT_JOBS = {
  replicate: 'replication',
  release: 'replication',
  'live-failover': 'failover',
  'roll-back': 'failover',
  commit: 'failover',
} as const satisfies Record<string, JobCategory>;
const CONTEXT_HANDLERS: StepHandlers<RunContext, StepsOf<ContextWorkingState>> = {
  ...CYCLE_HANDLERS,
  ...LIVE_HANDLERS,
};
export type ContextJob = keyof typeof CONTEXT_JOBS;

/** Called when a context's job has come to rest, before the job ends. Must be safe to repeat. */
export type JobEnding = (contextId: string, job: JobHandle, outcome: MachineOutcome) => Promise<void>;

/** Starts and resumes the jobs of VM contexts. */
@Injectable()
export class ContextJobs implements OnModuleInit {
  private readonly endings: JobEnding[] = [];

  constructor(
    private readonly database: DataSource,
    private readonly jobs: JobsService,
    private readonly leases: JobLeases,
    private readonly machine: ContextMachine,
    private readonly run: RunParts,
  ) {}

  onModuleInit(): void {
    for (const kind of Object.keys(CONTEXT_JOBS))
      this.leases.registerResumer(kind, (job) => this.runJob(job));
  }

  /** Lets a room do something when a context's job comes to rest, before the job ends. */
  onEnding(ending: JobEnding): void {
    this.endings.push(ending);
  }

  /**
   * Sends the event and makes the job, in one transaction; the job then runs until the context rests.
   * Throws `request.conflict` when the state does not take the event, or another job of the context runs.
   */
  start(
    kind: ContextJob,
    contextId: string,
    event: string,
    caller: Caller,
    together?: (manager: EntityManager, jobId: string) => Promise<void>,
  ): Promise<Job> {
    return this.jobs.start(kind, {
      category: CONTEXT_JOBS[kind],
      contextId,
      correlationId: caller.correlationId,
      requestedBy: caller.name,
      together: async (manager, jobId) => {
        await this.machine.send(manager, contextId, event, caller.correlationId);
        await together?.(manager, jobId);
      },
      run: (job) => this.runJob(job),
    });
  }

  private async runJob(job: JobHandle): Promise<object> {
    const { contextId } = job;
    if (contextId === undefined)
      throw new MigrationError('internal.unexpected', 'The job names no VM context.');
    // a retry goes on in the cycle that its forerunner began: what it seals is this job's result
    await this.database.getRepository(Cycle).update({ contextId, state: 'running' }, { jobId: job.id });
    const outcome = await this.run.runs.runUntilRest(await this.subject(contextId, job), job);
    if (outcome.ending !== 'disowned')
      for (const ending of this.endings) await ending(contextId, job, outcome);
    return this.resultOf(contextId, job, outcome);
  }

  private async subject(
    contextId: string,
    job: JobHandle,
  ): Promise<MachineSubject<RunContext, StepsOf<ContextWorkingState>>> {
    const contexts = this.database.getRepository(VmContext);
    const { sourceVmId } = await contexts.findOneByOrFail({ id: contextId });
    return {
      subject: { subjectId: contextId, contextId, jobId: job.id, facts: { vmId: sourceVmId } },
      machine: CONTEXT_MACHINE,
      itineraries: CONTEXT_ITINERARIES,
      handlers: CONTEXT_HANDLERS,
      state: async () => (await contexts.findOneByOrFail({ id: contextId })).state,
      send: (manager, event) => this.machine.send(manager, contextId, event, job.correlationId),
      open: (signal) => this.run.contexts.open(contextId, job, signal),
      onRun: (runId) => this.run.journal.follow(runId, job),
    };
  }

  private async resultOf(contextId: string, job: JobHandle, outcome: MachineOutcome): Promise<object> {
    if (outcome.ending === 'disowned')
      throw new MigrationError('job.disowned', 'Another process runs this job now.');
    if (outcome.ending === 'cancelled') throw new MigrationError('call.aborted', 'The job was cancelled.');
    if (outcome.ending === 'faulted') {
      const { code, cause, context } = problemOf(outcome.fault);
      throw new MigrationError(code, cause, context ? { context } : {});
    }
    const cycle = await this.database
      .getRepository(Cycle)
      .findOne({ where: { contextId, jobId: job.id, state: 'sealed' }, order: { sequence: 'DESC' } });
    return {
      state: outcome.state,
      deferred: outcome.deferred,
      ...(cycle ? { cycle: cycleResult(cycle) } : {}),
    };
  }
}

function cycleResult({
  id,
  sequence,
  kind,
  bytesMoved,
  bytesChanged,
  bytesResumed,
  durationMs,
}: Cycle): object {
  return { id, sequence, kind, bytesMoved, bytesChanged, bytesResumed, durationMs };
}

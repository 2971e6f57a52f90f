import { Injectable } from '@nestjs/common';
import type { Job } from '@ossea/api-contract';
import {
  TEST_FAILOVER_ITINERARIES,
  TEST_FAILOVER_MACHINE,
  mayStandBesideATest,
  nextOrigin,
  nextState,
  type ContextState,
  type StepsOf,
  type TestFailoverWorkingState,
} from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import { DataSource, In, Not, type EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import type { Caller } from '../http/caller.js';
import type { JobHandle } from '../jobs/job-handle.js';
import { JobsService } from '../jobs/jobs.service.js';
import { Outbox } from '../progress/outbox.js';
import { problemOf } from '../replication/run-journal.js';
import type { MachineSubject } from '../replication/machine-runs.js';
import { RunParts } from '../replication/run-parts.js';
import { contextFacts } from './context-facts.js';
import { FailoverRun } from './failover-run.entity.js';
import { failoverView } from './failover-views.js';
import { mustBePossible } from './pre-flight.js';
import { TEST_HANDLERS, type TestRunContext } from './test-steps.js';

const OVER = ['cleaned-up', 'left-behind'];
type TestSubject = MachineSubject<TestRunContext, StepsOf<TestFailoverWorkingState>>;

/** Test failovers: runs beside their VM, on copies, in an isolated network; cycles go on. */
@Injectable()
export class TestFailovers {
  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly jobs: JobsService,
    private readonly run: RunParts,
  ) {}

  /** Starts a test. Throws `request.conflict` while another one is not over, or the VM is doing something else. */
  start(contextId: string, caller: Caller): Promise<Job> {
    return this.jobs.start('test-failover', {
      ...laneOf(contextId, caller),
      together: async (manager, jobId) => {
        await this.mustBeFree(manager, contextId);
        const runs = manager.getRepository(FailoverRun);
        await runs.save(
          runs.create({
            id: newId('fov'),
            contextId,
            jobId,
            kind: 'test',
            state: TEST_FAILOVER_MACHINE.initial,
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
      },
      run: (job) => this.runJob(job),
    });
  }

  /** Takes everything of the newest test away again. */
  async cleanUp(contextId: string, caller: Caller): Promise<Job> {
    const run = await this.newest(this.database.manager, contextId);
    if (!run || OVER.includes(run.state))
      throw new MigrationError('request.conflict', 'There is no test failover to clean up.', {
        context: { context: contextId },
      });
    const event = run.state === 'needs-attention' ? 'retry' : 'clean-up';
    return this.jobs.start('clean-up-test', {
      ...laneOf(contextId, caller),
      together: async (manager) => {
        await this.send(manager, run.id, event, caller.correlationId);
      },
      run: (job) => this.runJob(job),
    });
  }

  /** The code of both jobs, in a first life and in later ones. */
  async runJob(job: JobHandle): Promise<object> {
    const { contextId } = job;
    if (contextId === undefined)
      throw new MigrationError('internal.unexpected', 'The job names no VM context.');
    const run = await this.newest(this.database.manager, contextId);
    if (!run) throw new MigrationError('resource.not-found', 'The test failover is not there any more.');
    if (run.state === TEST_FAILOVER_MACHINE.initial) await this.check(run, job);
    const outcome = await this.run.runs.runUntilRest(await this.subject(run, job), job);
    if (outcome.ending === 'disowned')
      throw new MigrationError('job.disowned', 'Another process runs this job now.');
    if (outcome.ending === 'cancelled') throw new MigrationError('call.aborted', 'The job was cancelled.');
    if (outcome.ending === 'faulted') {
      const { code, cause, context } = problemOf(outcome.fault);
      throw new MigrationError(code, cause, context ? { context } : {});
    }
    const end = await this.database.getRepository(FailoverRun).findOneByOrFail({ id: run.id });
    return { failoverRunId: run.id, state: end.state, ...(end.verdict ? { verdict: end.verdict } : {}) };
  }

  /** Pre-flight first: a test that is not possible has made nothing, and is over. */
  private async check(run: FailoverRun, job: JobHandle): Promise<void> {
    const label = 'Checking everything that could stop this test';
    try {
      await job.step({ name: 'run-pre-flight', label }, async () => {
        const context = await this.run.contexts.open(run.contextId, job, job.signal);
        const { sourceVmId } = await this.context(this.database.manager, run.contextId);
        await mustBePossible(context, sourceVmId, 'test', job.signal);
      });
    } catch (error) {
      job.assertOwned();
      await this.unitOfWork.run((manager) => this.send(manager, run.id, 'cancel', job.correlationId));
      throw error;
    }
    await this.unitOfWork.run((manager) => this.send(manager, run.id, 'start', job.correlationId));
  }

  private async subject(run: FailoverRun, job: JobHandle): Promise<TestSubject> {
    const runs = this.database.getRepository(FailoverRun);
    const { contextId } = run;
    return {
      subject: {
        subjectId: run.id,
        contextId,
        jobId: job.id,
        facts: await contextFacts(this.database, contextId, ['vm', 'recoveryPoint', 'volumes']),
      },
      machine: TEST_FAILOVER_MACHINE,
      itineraries: TEST_FAILOVER_ITINERARIES,
      handlers: TEST_HANDLERS,
      state: async () => (await runs.findOneByOrFail({ id: run.id })).state,
      send: (manager, event) => this.send(manager, run.id, event, job.correlationId),
      open: async (signal) => {
        const context = await this.run.contexts.open(contextId, job, signal);
        const machineName = `${context.vmName}-test-${run.id.slice(-6).toLowerCase()}`;
        return { ...context, failoverRunId: run.id, machineName };
      },
      onRun: (runId) => this.run.journal.follow(runId, job),
    };
  }

  private async send(
    manager: EntityManager,
    runId: string,
    event: string,
    correlationId: string,
  ): Promise<void> {
    const runs = manager.getRepository(FailoverRun);
    const run = await runs.findOneByOrFail({ id: runId });
    const at = { state: run.state, origin: run.origin ?? undefined, known: new Set<string>() };
    const to = nextState(TEST_FAILOVER_MACHINE, at, event);
    if (to === undefined)
      throw new MigrationError(
        'request.conflict',
        `"${event}" is not possible while the test is ${run.state}.`,
        { context: { failoverRun: runId, state: run.state } },
      );
    run.origin = nextOrigin(TEST_FAILOVER_MACHINE, at, to) ?? null;
    run.state = to;
    run.endedAt = OVER.includes(to) ? new Date() : null;
    await runs.save(run);
    await this.outbox.append(
      manager,
      'failover.changed',
      run.contextId,
      { run: failoverView(run) },
      correlationId,
    );
  }

  /** Locks the VM's row first: nothing may begin to move the VM between this look and the test's row. */
  private async mustBeFree(manager: EntityManager, contextId: string): Promise<void> {
    await manager.getRepository(VmContext).update({ id: contextId }, { updatedAt: new Date() });
    const context = await this.context(manager, contextId);
    const open = await manager
      .getRepository(FailoverRun)
      .findOneBy({ contextId, kind: 'test', state: Not(In(OVER)) });
    if (open)
      throw new MigrationError('request.conflict', 'A test failover of this machine is not cleaned up.', {
        context: { context: contextId, failoverRun: open.id },
      });
    if (!mayStandBesideATest(context.state as ContextState, context.origin ?? undefined))
      throw new MigrationError(
        'request.conflict',
        `A test is not possible while "${context.name}" is ${context.state}.`,
        { context: { context: contextId, state: context.state } },
      );
  }

  private async context(manager: EntityManager, id: string): Promise<VmContext> {
    const context = await manager.getRepository(VmContext).findOneBy({ id });
    if (!context)
      throw new MigrationError('request.not-found', 'There is no such VM context.', {
        context: { context: id },
      });
    return context;
  }

  private newest(manager: EntityManager, contextId: string): Promise<FailoverRun | null> {
    return manager
      .getRepository(FailoverRun)
      .findOne({ where: { contextId, kind: 'test' }, order: { id: 'DESC' } });
  }
}

/** A test runs beside cycles: it has a lane of its own. */
function laneOf(contextId: string, { name, correlationId }: Caller) {
  return {
    category: 'failover' as const,
    contextId,
    lane: `test:${contextId}`,
    correlationId,
    requestedBy: name,
  };
}

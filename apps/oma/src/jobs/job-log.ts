import { Injectable } from '@nestjs/common';
import type { LogLevel, Problem, StepState } from '@ossea/api-contract';
import { MigrationError, redact, redactDeep } from '@ossea/errors';
import type { EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { Outbox } from '../progress/outbox.js';
import { Job } from './job.entity.js';
import { JobStep, LogEvent } from './job-log.entities.js';
import { logView, stepView } from './job-view.js';
import { ProcessOwner } from './process-owner.js';

export interface StepBeginning {
  /** The step's name in its table: `take-snapshot`. */
  readonly name: string;
  /** For people: "Taking a snapshot". */
  readonly label: string;
  readonly detail?: object;
}

export interface StepOutcome {
  readonly state: Exclude<StepState, 'running'>;
  readonly problem?: Problem;
  readonly detail?: object;
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly step?: string;
  readonly attributes?: object;
}

/**
 * Steps and log lines of running jobs. Every call takes the manager of the transaction it belongs to,
 * and throws `job.disowned` when this process does not own the job any more.
 */
@Injectable()
export class JobLog {
  constructor(
    private readonly outbox: Outbox,
    private readonly owner: ProcessOwner,
  ) {}

  /** Records that a step began; a step that is tried again gets a row of its own. */
  async stepBegan(manager: EntityManager, jobId: string, step: StepBeginning): Promise<void> {
    const job = await this.ownedJob(manager, jobId);
    const row = await this.insertStep(manager, job, step, { state: 'running', endedAt: null });
    await this.outbox.append(
      manager,
      'job.step-began',
      job.id,
      { jobId: job.id, ...contextOf(job), step: stepView(row) },
      job.correlationId,
    );
  }

  /** Ends the running step of that name. */
  async stepEnded(manager: EntityManager, jobId: string, name: string, outcome: StepOutcome): Promise<void> {
    const job = await this.ownedJob(manager, jobId);
    const steps = manager.getRepository(JobStep);
    const row = await steps.findOne({ where: { jobId, name, state: 'running' }, order: { seq: 'DESC' } });
    if (!row) return;
    row.state = outcome.state;
    row.percent = outcome.state === 'succeeded' ? 100 : row.percent;
    row.problem = outcome.problem ?? null;
    if (outcome.detail) row.detail = { ...row.detail, ...safe(outcome.detail) };
    row.endedAt = new Date();
    await steps.save(row);
    await this.tellEnd(manager, job, row);
  }

  /** Records a step that did not run: skipped because it was not needed, or deferred. */
  async stepPassed(
    manager: EntityManager,
    jobId: string,
    step: StepBeginning,
    state: 'skipped' | 'deferred',
  ): Promise<void> {
    const job = await this.ownedJob(manager, jobId);
    const row = await this.insertStep(manager, job, step, { state, endedAt: new Date() });
    await this.tellEnd(manager, job, row);
  }

  async log(manager: EntityManager, jobId: string, line: LogLine): Promise<void> {
    const job = await this.ownedJob(manager, jobId);
    const events = manager.getRepository(LogEvent);
    const row = await events.save(
      events.create({
        jobId,
        step: line.step ?? null,
        level: line.level,
        message: redact(line.message).slice(0, 8_000),
        attributes: line.attributes ? safe(line.attributes) : null,
        at: new Date(),
      }),
    );
    await this.outbox.append(
      manager,
      'job.logged',
      job.id,
      { jobId: job.id, ...contextOf(job), event: logView(row) },
      job.correlationId,
    );
  }

  /** Ends whatever still runs; called when the job itself ends. */
  async closeSteps(manager: EntityManager, job: Job, outcome: StepOutcome): Promise<void> {
    const steps = manager.getRepository(JobStep);
    for (const row of await steps.findBy({ jobId: job.id, state: 'running' })) {
      row.state = outcome.state;
      row.problem = outcome.problem ?? null;
      row.endedAt = new Date();
      await steps.save(row);
      await this.tellEnd(manager, job, row);
    }
  }

  private async insertStep(
    manager: EntityManager,
    job: Job,
    step: StepBeginning,
    how: Pick<JobStep, 'state' | 'endedAt'>,
  ): Promise<JobStep> {
    const steps = manager.getRepository(JobStep);
    const seq = ((await steps.maximum('seq', { jobId: job.id })) ?? 0) + 1;
    return steps.save(
      steps.create({
        id: newId('step'),
        jobId: job.id,
        seq,
        name: step.name,
        label: step.label,
        percent: 0,
        problem: null,
        detail: step.detail ? safe(step.detail) : null,
        startedAt: new Date(),
        ...how,
      }),
    );
  }

  private tellEnd(manager: EntityManager, job: Job, row: JobStep): Promise<void> {
    return this.outbox.append(
      manager,
      'job.step-ended',
      job.id,
      { jobId: job.id, ...contextOf(job), step: stepView(row) },
      job.correlationId,
    );
  }

  private async ownedJob(manager: EntityManager, jobId: string): Promise<Job> {
    const job = await manager.getRepository(Job).findOneBy({ id: jobId });
    if (job?.ownerId !== this.owner.id)
      throw new MigrationError('job.disowned', 'Another process runs this job now.', {
        context: { job: jobId },
      });
    return job;
  }
}

function contextOf(job: Job): { contextId?: string } {
  return job.contextId === null ? {} : { contextId: job.contextId };
}

/** As JSON, and without secrets. */
function safe(values: object): Record<string, unknown> {
  return redactDeep(JSON.parse(JSON.stringify(values))) as Record<string, unknown>;
}

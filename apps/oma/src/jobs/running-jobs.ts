import { Injectable, Logger } from '@nestjs/common';
import { MigrationError, isMigrationError, redactDeep, toProblem } from '@ossea/errors';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Outbox } from '../progress/outbox.js';
import { Job } from './job.entity.js';
import { JobHandle, type JobRunner } from './job-handle.js';
import { JobLog, type StepOutcome } from './job-log.js';
import { JobProgress } from './job-progress.js';
import { jobView } from './job-view.js';
import { ProcessOwner } from './process-owner.js';

interface RunningJob {
  readonly controller: AbortController;
  /** Settles when the runner has stopped and the job's end is stored. Never rejects. */
  readonly settled: Promise<void>;
}

type Ending =
  { state: 'succeeded'; result: object | undefined } | { state: 'failed' | 'cancelled'; error: unknown };

/** The jobs whose code runs in this process. */
@Injectable()
export class RunningJobs {
  private readonly logger = new Logger('jobs');
  private readonly running = new Map<string, RunningJob>();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly log: JobLog,
    private readonly progress: JobProgress,
    private readonly outbox: Outbox,
    private readonly owner: ProcessOwner,
  ) {}

  get ids(): string[] {
    return [...this.running.keys()];
  }

  /** Runs the code of a job that this process owns. */
  launch(job: Job, run: JobRunner, resumed: boolean): void {
    const controller = new AbortController();
    const { unitOfWork, log, progress } = this;
    const handle = new JobHandle(job, controller.signal, resumed, { unitOfWork, log, progress });
    if (job.cancelRequestedAt) controller.abort(cancelled());
    const settled = this.runToEnd(handle, run).finally(() => {
      this.running.delete(job.id);
      this.progress.forget(job.id);
    });
    this.running.set(job.id, { controller, settled });
  }

  /** Asks the job's code to stop. Gives the promise that settles when it has, or `undefined` when it does not run here. */
  cancel(jobId: string): Promise<void> | undefined {
    const job = this.running.get(jobId);
    job?.controller.abort(cancelled());
    return job?.settled;
  }

  /** Leaves jobs alone without ending them: another process, or the next life of this one, goes on with them. */
  disown(jobIds: readonly string[], why: string): Promise<void> {
    const jobs = jobIds.flatMap((id) => this.running.get(id) ?? []);
    for (const { controller } of jobs) controller.abort(new MigrationError('job.disowned', why));
    return Promise.all(jobs.map(({ settled }) => settled)).then(() => undefined);
  }

  /** Ends a job without having run it. */
  async fail(job: Job, error: MigrationError): Promise<void> {
    await this.store(job.id, { state: 'failed', error });
  }

  private async runToEnd(handle: JobHandle, run: JobRunner): Promise<void> {
    let ending: Ending;
    try {
      const result = await run(handle);
      ending = { state: 'succeeded', result: result ?? undefined };
    } catch (error) {
      const stopped = handle.signal.aborted && isMigrationError(error) && error.code === 'call.aborted';
      ending = { state: stopped ? 'cancelled' : 'failed', error };
      if (isMigrationError(error) && error.code === 'job.disowned') return;
      if (!isMigrationError(error)) this.logger.error(error instanceof Error ? error.stack : String(error));
    }
    try {
      handle.assertOwned();
      await this.store(handle.id, ending);
    } catch (error) {
      if (isMigrationError(error) && error.code === 'job.disowned') return;
      // The row stays as it is; when its lease has run out the job is taken again and ends then.
      this.logger.error({ jobId: handle.id, err: error }, 'The end of a job could not be stored.');
    }
  }

  private store(jobId: string, ending: Ending): Promise<void> {
    return this.unitOfWork.run(async (manager) => {
      const jobs = manager.getRepository(Job);
      const job = await jobs.findOneBy({ id: jobId });
      if (job?.ownerId !== this.owner.id)
        throw new MigrationError('job.disowned', 'Another process runs this job now.');
      const problem = ending.state === 'failed' ? toProblem(ending.error, job.correlationId) : undefined;
      const outcome: StepOutcome = {
        state: ending.state === 'succeeded' ? 'succeeded' : ending.state,
        ...(problem ? { problem } : {}),
      };
      await this.log.closeSteps(manager, job, outcome);
      job.state = ending.state;
      job.problem = problem ?? null;
      if (ending.state === 'succeeded') {
        job.percent = 100;
        job.result = ending.result === undefined ? null : asResult(ending.result);
      }
      job.endedAt = new Date();
      job.lane = null;
      job.ownerId = null;
      job.leaseUntilMs = null;
      await jobs.save(job);
      await this.outbox.append(manager, 'job.ended', job.id, { job: jobView(job) }, job.correlationId);
    });
  }
}

function cancelled(): MigrationError {
  return new MigrationError('call.aborted', 'The job was cancelled.');
}

function asResult(result: object): Record<string, unknown> {
  return redactDeep(JSON.parse(JSON.stringify(result))) as Record<string, unknown>;
}

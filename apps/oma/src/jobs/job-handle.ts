import type { LogLevel } from '@ossea/api-contract';
import { MigrationError, toProblem } from '@ossea/errors';
import type { UnitOfWork } from '../database/unit-of-work.js';
import type { Job } from './job.entity.js';
import type { JobLog, LogLine, StepBeginning } from './job-log.js';
import type { JobProgress, ProgressReport } from './job-progress.js';

export interface HandleParts {
  readonly unitOfWork: UnitOfWork;
  readonly log: JobLog;
  readonly progress: JobProgress;
}

/** What the code of a running job works with. */
export class JobHandle {
  readonly id: string;
  readonly kind: string;
  readonly contextId: string | undefined;
  readonly correlationId: string;
  readonly requestedBy: string;
  readonly input: Readonly<Record<string, unknown>>;

  constructor(
    job: Job,
    /**
     * Fires when the job must stop. Its reason is a MigrationError: `call.aborted` when somebody cancelled,
     * `job.disowned` when this process must leave the job alone (it shuts down, or lost its lease).
     */
    readonly signal: AbortSignal,
    /** Whether an earlier process began this job. */
    readonly resumed: boolean,
    private readonly parts: HandleParts,
  ) {
    this.id = job.id;
    this.kind = job.kind;
    this.contextId = job.contextId ?? undefined;
    this.correlationId = job.correlationId;
    this.requestedBy = job.requestedBy;
    this.input = job.input;
  }

  /** Throws `job.disowned` when this process must not write for the job any more. */
  assertOwned(): void {
    const reason: unknown = this.signal.reason;
    if (reason instanceof MigrationError && reason.code === 'job.disowned') throw reason;
  }

  /** Runs one step and records how it ended. Throws what `body` throws, and `call.aborted` instead of beginning. */
  async step<T>(step: StepBeginning, body: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    const { unitOfWork, log } = this.parts;
    await unitOfWork.run((manager) => log.stepBegan(manager, this.id, step));
    try {
      const result = await body();
      await unitOfWork.run((manager) => log.stepEnded(manager, this.id, step.name, { state: 'succeeded' }));
      return result;
    } catch (error) {
      this.assertOwned();
      const state = this.signal.aborted ? 'cancelled' : 'failed';
      const problem = toProblem(error, this.correlationId);
      await unitOfWork.run((manager) =>
        log.stepEnded(manager, this.id, step.name, {
          state,
          ...(state === 'failed' ? { problem } : {}),
        }),
      );
      throw error;
    }
  }

  async skip(step: StepBeginning, how: 'skipped' | 'deferred' = 'skipped'): Promise<void> {
    await this.parts.unitOfWork.run((manager) => this.parts.log.stepPassed(manager, this.id, step, how));
  }

  async log(
    level: LogLevel,
    message: string,
    more: Pick<LogLine, 'step' | 'attributes'> = {},
  ): Promise<void> {
    await this.parts.unitOfWork.run((manager) =>
      this.parts.log.log(manager, this.id, { level, message, ...more }),
    );
  }

  progress(report: ProgressReport): void {
    if (this.signal.aborted) return;
    const { id, contextId, correlationId } = this;
    this.parts.progress.report(
      { id, correlationId, ...(contextId === undefined ? {} : { contextId }) },
      report,
    );
  }
}

/** The code of a job. What it gives back is the job's result; rejecting with `call.aborted` after a cancel ends it as cancelled. */
export type JobRunner = (job: JobHandle) => Promise<object | void>;

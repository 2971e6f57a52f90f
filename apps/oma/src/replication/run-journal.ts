import { Injectable } from '@nestjs/common';
import { STEPS, type Fault, type StepEnd, type StepProgress, type StepStart } from '@ossea/core';
import { toProblem, MigrationError, type Problem } from '@ossea/errors';
import type { EntityManager } from 'typeorm';
import type { JobHandle } from '../jobs/job-handle.js';
import { JobLog } from '../jobs/job-log.js';
import type { EngineRun } from './runs/run.entities.js';
import type { RunJournal } from './runs/sql-run-store.js';

/** The label of a step for people. */
export const labelOf = (step: string): string =>
  step in STEPS ? STEPS[step as keyof typeof STEPS].label : step;

/** The problem document of a fault: cause and remedy, the step, and what trying again costs. */
export function problemOf(fault: Fault, correlationId?: string): Problem {
  const error = new MigrationError(fault.code, fault.cause, {
    context: { ...fault.evidence, step: fault.step, attempts: fault.attempts, retryCost: fault.retryCost },
  });
  return toProblem(error, correlationId);
}

/** Tells the job log what the engine does, in the engine's own transactions. */
@Injectable()
export class JobRunJournal implements RunJournal {
  private readonly handles = new Map<string, JobHandle>();

  constructor(private readonly log: JobLog) {}

  /** Lets measured progress of a run reach its job until the answer is called. */
  follow(runId: string, job: JobHandle): () => void {
    this.handles.set(runId, job);
    return () => this.handles.delete(runId);
  }

  stepBegan(manager: EntityManager, run: EngineRun, { step, label, attempt }: StepStart): Promise<void> {
    const detail = { itinerary: run.itinerary, attempt };
    return this.log.stepBegan(manager, run.jobId, { name: step, label, detail });
  }

  stepEnded(manager: EntityManager, run: EngineRun, { step, ending, fault }: StepEnd): Promise<void> {
    return this.log.stepEnded(manager, run.jobId, step, {
      state: ending === 'faulted' ? 'failed' : ending,
      ...(ending === 'faulted' && fault ? { problem: problemOf(fault) } : {}),
    });
  }

  legDeferred(manager: EntityManager, run: EngineRun, step: string): Promise<void> {
    return this.log.stepPassed(manager, run.jobId, { name: step, label: labelOf(step) }, 'deferred');
  }

  progressed(runId: string, step: string, progress: StepProgress, overall: number): void {
    this.handles
      .get(runId)
      ?.progress({ percent: overall * 100, step, stepPercent: Math.min(1, progress.fraction) * 100 });
  }
}

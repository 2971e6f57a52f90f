import {
  ENDED_JOB_STATES,
  type Job as JobView,
  type JobStep as StepView,
  type LogEvent as LogView,
} from '@ossea/api-contract';
import type { Job } from './job.entity.js';
import type { JobStep, LogEvent } from './job-log.entities.js';

/** Drops what is absent: answers have no nulls. */
function present<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  ) as { [K in keyof T]?: NonNullable<T[K]> };
}

const time = (date: Date | null): string | undefined => date?.toISOString();

/** Whether the job has come to its end, however. */
export const hasEnded = (job: Pick<Job, 'state'>): boolean => ENDED_JOB_STATES.includes(job.state);

/** A job as the API and the feed show it. */
export function jobView(job: Job, steps?: readonly JobStep[]): JobView {
  const self = `/api/v1/jobs/${job.id}`;
  return {
    id: job.id,
    kind: job.kind,
    category: job.category,
    state: job.state,
    cancelRequested: (job.cancelRequestedAt ?? null) !== null,
    percent: job.percent,
    correlationId: job.correlationId,
    requestedBy: job.requestedBy,
    createdAt: job.createdAt.toISOString(),
    ...present({
      contextId: job.contextId,
      parentId: job.parentId,
      startedAt: time(job.startedAt),
      endedAt: time(job.endedAt),
      problem: job.problem,
      result: job.result,
      steps: steps?.map(stepView),
    }),
    links: { self, log: `${self}/log`, ...(hasEnded(job) ? {} : { cancel: `${self}/cancel` }) },
  };
}

export function stepView(step: JobStep): StepView {
  const { seq, name, label, state, percent } = step;
  return {
    seq,
    name,
    label,
    state,
    percent,
    startedAt: step.startedAt.toISOString(),
    ...present({ endedAt: time(step.endedAt), problem: step.problem, detail: step.detail }),
  };
}

export function logView(event: LogEvent): LogView {
  const { seq, level, message } = event;
  return {
    seq,
    level,
    message,
    at: event.at.toISOString(),
    ...present({ step: event.step, attributes: event.attributes }),
  };
}

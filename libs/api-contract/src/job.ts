import { z } from 'zod';
import { ListQuery, pageOf } from './page.js';
import { Problem } from './problem.js';
import { Id, Timestamp } from './values.js';

export const JobState = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']);
export type JobState = z.infer<typeof JobState>;
export const ENDED_JOB_STATES: readonly JobState[] = ['succeeded', 'failed', 'cancelled'];

export const JobCategory = z.enum(['replication', 'failover', 'discovery', 'volumes', 'access', 'system']);
export type JobCategory = z.infer<typeof JobCategory>;

export const StepState = z.enum(['running', 'succeeded', 'failed', 'skipped', 'deferred', 'cancelled']);
export type StepState = z.infer<typeof StepState>;

export const JobStep = z
  .object({
    seq: z.int(),
    name: z.string(),
    label: z.string(),
    state: StepState,
    percent: z.number().min(0).max(100),
    startedAt: Timestamp,
    endedAt: Timestamp.optional(),
    problem: Problem.optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'JobStep' });
export type JobStep = z.infer<typeof JobStep>;

/** A durable run. `steps` is left out of lists. */
export const Job = z
  .object({
    id: Id,
    kind: z.string(),
    category: JobCategory,
    contextId: Id.optional(),
    parentId: Id.optional(),
    state: JobState,
    cancelRequested: z.boolean(),
    percent: z.number().min(0).max(100),
    correlationId: z.string(),
    requestedBy: z.string(),
    createdAt: Timestamp,
    startedAt: Timestamp.optional(),
    endedAt: Timestamp.optional(),
    problem: Problem.optional(),
    result: z.record(z.string(), z.unknown()).optional(),
    steps: z.array(JobStep).optional(),
    links: z.object({ self: z.string(), log: z.string(), cancel: z.string().optional() }),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof Job>;

export const JobPage = pageOf(Job, 'JobPage');
export type JobPage = z.infer<typeof JobPage>;

export const JobListQuery = ListQuery.extend({
  state: JobState.optional(),
  contextId: Id.optional(),
  kind: z.string().max(40).optional(),
});
export type JobListQuery = z.infer<typeof JobListQuery>;

/** `30s`, `500ms` or a number of seconds; at most 60 s. */
export const WaitMs = z
  .string()
  .regex(/^\d{1,5}(ms|s)?$/, 'expected a duration such as 30s')
  .transform((text) => (text.endsWith('ms') ? parseInt(text, 10) : parseInt(text, 10) * 1000))
  .pipe(z.int().max(60_000, 'at most 60s'));

export const JobQuery = z.object({ wait: WaitMs.optional() });
export type JobQuery = z.infer<typeof JobQuery>;

export const LogLevel = z.enum(['debug', 'info', 'warn', 'error']);
export type LogLevel = z.infer<typeof LogLevel>;

export const LogEvent = z
  .object({
    seq: z.int(),
    step: z.string().optional(),
    level: LogLevel,
    message: z.string(),
    attributes: z.record(z.string(), z.unknown()).optional(),
    at: Timestamp,
  })
  .meta({ id: 'LogEvent' });
export type LogEvent = z.infer<typeof LogEvent>;

export const LogPage = pageOf(LogEvent, 'LogPage');
export type LogPage = z.infer<typeof LogPage>;

import { MigrationError, isMigrationError, throwIfAborted } from '@ossea/errors';
import type { z } from '@ossea/plugin-sdk';
import { isContent, unwrap } from './answer.js';
import { ApiFault, OutcomeUnknown } from './api-fault.js';
import type { Clock } from './clock.js';
import { jobErrorSchema, type AsyncJob } from './wire.js';

/** Milliseconds before each look at a job; the last one is repeated. Most jobs of an idle server take a second. */
export const POLL_DELAYS_MS: readonly number[] = [
  200, 500, 1_000, 2_000, 2_000, 4_000, 4_000, 8_000, 8_000, 15_000,
];
/** A little more than `job.cancel.threshold.minutes` (60): until then the server may call it cancelled itself. */
export const JOB_DEADLINE_MS = 65 * 60_000;
/** For so long a management server that starts again is waited for; its database keeps the jobs. */
const SILENCE_MS = 10 * 60_000;

/**
 * Words of a job that the server has given up and whose work may go on (CloudStack AsyncJobManagerImpl): it was
 * blocking others for longer than `job.cancel.threshold.minutes`, or the management server was started again.
 */
const GIVEN_UP = /blocking others for too long|because of management server (restart|shutdown)/i;

export interface JobWait {
  readonly jobId: string;
  readonly command: string;
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly delaysMs: readonly number[];
  /** One look. */
  readonly query: () => Promise<AsyncJob>;
  readonly text: (words: string) => string;
}

/**
 * Waits until a job is final, and gives its result.
 * Throws `ApiFault` for a failed one, `OutcomeUnknown` for one of which nobody knows whether it works on, and
 * `call.aborted`; the job goes on then.
 */
export async function jobResult<T>(wait: JobWait, schema: z.ZodType<T>): Promise<T> {
  const { jobId, command, clock } = wait;
  const job = await finalJob(wait);
  if (job.jobstatus !== 1) throw failureOf(job, wait);
  const parsed = schema.safeParse(isContent(job.jobresult) ? unwrap(job.jobresult) : job.jobresult);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path }) => path.join('.') || 'all of it').join(', ');
  throw new OutcomeUnknown(
    command,
    `its job has ended well at ${clock.now()}, with a result that cannot be read.`,
    jobId,
    {
      cause: new MigrationError('peer.protocol', `The result of ${command} is not as expected: ${fields}.`),
    },
  );
}

async function finalJob({
  jobId,
  command,
  signal,
  deadlineMs,
  clock,
  delaysMs,
  query,
}: JobWait): Promise<AsyncJob> {
  const begun = clock.now();
  let heard = begun;
  for (let look = 0; ; look += 1) {
    const delay = delaysMs[Math.min(look, delaysMs.length - 1)] ?? 15_000;
    await clock.sleep(delay, signal).catch(() => undefined);
    throwIfAborted(signal);
    try {
      const job = await query();
      heard = clock.now();
      if (job.jobstatus !== 0) return job;
    } catch (fault) {
      throwIfAborted(signal);
      if (isForgotten(fault))
        throw new OutcomeUnknown(command, 'the server knows nothing of its job.', jobId, { cause: fault });
      if (!isPassing(fault)) throw fault;
      if (clock.now() - heard > SILENCE_MS)
        throw new OutcomeUnknown(command, 'the server does not tell about its job.', jobId, { cause: fault });
    }
    if (clock.now() - begun >= deadlineMs)
      throw new OutcomeUnknown(
        command,
        `its job has not ended within ${Math.round(deadlineMs / 60_000)} minutes.`,
        jobId,
      );
  }
}

/** An error of the job. One without words is a job that was given up: those are stored as plain text, which is lost. */
function failureOf(job: AsyncJob, { jobId, command, text }: JobWait): Error {
  const parsed = jobErrorSchema.safeParse(job.jobresult);
  const told = typeof job.jobresult === 'string' ? job.jobresult : parsed.data?.errortext;
  if (told === undefined || GIVEN_UP.test(told))
    return new OutcomeUnknown(command, text(told ?? 'its job was given up without a word.'), jobId);
  return new ApiFault({
    command,
    httpStatus: 200,
    errorCode: parsed.data?.errorcode ?? job.jobresultcode ?? 530,
    text: text(told),
    inJob: true,
  });
}

/** Jobs are removed some time after their end; an id that was never one is refused in the same way. */
function isForgotten(fault: unknown): boolean {
  return fault instanceof ApiFault && fault.errorCode === 431;
}

/** What a server that is being started again answers, or does not. */
function isPassing(fault: unknown): boolean {
  if (fault instanceof ApiFault) return [429, 503, 530].includes(fault.errorCode);
  return isMigrationError(fault) && fault.code === 'peer.unreachable';
}

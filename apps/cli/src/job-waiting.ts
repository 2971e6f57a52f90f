import { Job } from '@ossea/api-contract';
import { InvalidArgumentError, type Command } from 'commander';
import { UnreachableError, type ApiClient } from './api/api-client.js';
import { CliError, EXIT } from './exit-codes.js';
import type { Invocation } from './invocation.js';
import { JOB } from './output/columns.js';
import { problemLines } from './output/problem-lines.js';

export interface WaitOption {
  /** `true` waits as long as it takes. */
  readonly wait?: true | number;
}

const POLL_MS = 2_000;
/** An appliance that restarts goes on with its jobs. */
const PATIENCE_MS = 120_000;

/** The `--wait` of every command that starts a job. */
export function withWait(command: Command): Command {
  return command.option('--wait [duration]', 'wait until the job has ended, such as 10m or 90s', durationMs);
}

/** Starts a job, waits where that was asked for, and prints the job. */
export async function startJob(
  call: Invocation,
  path: string,
  body: object,
  { wait }: WaitOption,
): Promise<void> {
  const api = await call.api();
  const started = await api.post(path, Job, body);
  if (wait !== undefined) return followJob(call, api, started.value.id, wait === true ? undefined : wait);
  call.print.one(started.value, started.body, JOB);
  call.talk.say(`Follow it with: ossea job watch ${started.value.id}`);
}

/** Tells the steps of a job until it has ended, then prints it. Throws unless it succeeded. */
export async function followJob(
  call: Invocation,
  api: ApiClient,
  jobId: string,
  timeoutMs?: number,
): Promise<void> {
  const deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
  const teller = new StepTeller((line) => call.talk.say(line));
  let away: number | undefined;
  try {
    for (;;) {
      const left = deadline === undefined ? POLL_MS : Math.max(0, Math.min(POLL_MS, deadline - Date.now()));
      const answer = await api
        .get(`/api/v1/jobs/${encodeURIComponent(jobId)}`, Job, { wait: `${Math.round(left)}ms` })
        .catch((error: unknown) => {
          away ??= Date.now();
          if (!(error instanceof UnreachableError) || Date.now() - away > PATIENCE_MS) throw error;
          return undefined;
        });
      if (answer) {
        away = undefined;
        teller.tell(answer.value);
        if (answer.value.endedAt !== undefined) return ended(call, answer.value, answer.body);
      } else await pause(Math.min(left, 1_000), call.signal);
      if (deadline !== undefined && Date.now() >= deadline)
        throw new CliError(EXIT.stillRunning, `The job still runs: ossea job watch ${jobId}`);
    }
  } catch (error) {
    if (!call.signal.aborted) throw error;
    throw new CliError(
      EXIT.interrupted,
      `The job goes on. Watch it with: ossea job watch ${jobId}; stop it with: ossea job cancel ${jobId}`,
    );
  }
}

function ended(call: Invocation, job: Job, body: unknown): void {
  call.print.one(job, body, JOB);
  if (job.state === 'succeeded') return;
  const problem = job.problem;
  const why = problem ? `\n${problemLines(problem).join('\n')}` : '';
  throw new CliError(
    problem?.code === 'failover.blocked' ? EXIT.blocked : EXIT.operationFailed,
    `The job ${job.state === 'cancelled' ? 'was cancelled' : 'failed'}.${why}`,
  );
}

/** Says each step once when it begins and once when it has ended. */
class StepTeller {
  private readonly told = new Map<number, string>();

  constructor(private readonly say: (line: string) => void) {}

  tell(job: Job): void {
    for (const step of job.steps ?? []) {
      if (this.told.get(step.seq) === step.state) continue;
      this.told.set(step.seq, step.state);
      this.say(step.state === 'running' ? `${step.label} …` : `${step.label}: ${step.state}`);
    }
  }
}

/** `90`, `90s`, `500ms`, `10m` or `2h` in milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h)?$/.exec(text);
  if (!match) throw new InvalidArgumentError('A duration such as 90s, 10m or 2h is expected.');
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as 'ms' | 's' | 'm' | 'h'] as
    number | undefined;
  return Number(match[1]) * (unit ?? 1_000);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason as Error)), {
      once: true,
    });
  });
}

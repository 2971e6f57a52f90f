import { ENDED_JOB_STATES, Job, JobPage, JobState, LeftBehind, LogPage } from '@ossea/api-contract';
import { Option, type Command } from 'commander';
import type { ApiClient } from '../api/api-client.js';
import type { Acting, Invocation } from '../invocation.js';
import { durationMs, followJob } from '../job-waiting.js';
import { contextIdOf } from '../names.js';
import { JOB, LOG, STEP } from '../output/columns.js';
import { problemLines } from '../output/problem-lines.js';

const JOB_ARGUMENT = ['<job>', 'id'] as const;
const PAGE_LINES = 500;

interface ListOptions {
  readonly state?: string;
  readonly vm?: string;
  readonly kind?: string;
  readonly limit: string;
}

/** job, support. */
export function addJobCommands(program: Command, acting: Acting): void {
  const job = program.command('job').description('durable runs');
  job
    .command('list')
    .description('newest first')
    .addOption(new Option('--state <state>').choices(JobState.options))
    .option('--vm <vm>', 'of one machine, by name or id')
    .option('--kind <kind>')
    .option('--limit <count>', 'how many', '50')
    .action(acting<[], ListOptions>((call, _args, options) => list(call, options)));
  job
    .command('get')
    .description('a job with its steps')
    .argument(...JOB_ARGUMENT)
    .action(
      acting<[string]>(async (call, [id]) => {
        const { value, body } = await (await call.api()).get(jobPath(id), Job);
        call.print.one(value, body, JOB);
        if (call.print.format !== 'table') return;
        call.print.line('');
        call.print.list(value.steps ?? [], body, STEP);
        if (value.problem) call.print.line(`\n${problemLines(value.problem).join('\n')}`);
      }),
    );
  job
    .command('log')
    .argument(...JOB_ARGUMENT)
    .option('-f, --follow', 'go on until the job has ended')
    .action(acting<[string], { follow?: true }>((call, [id], { follow = false }) => log(call, id, follow)));
  job
    .command('watch')
    .description('tell the steps until the job has ended')
    .argument(...JOB_ARGUMENT)
    .option('--timeout <duration>', 'how long, such as 10m', durationMs)
    .action(
      acting<[string], { timeout?: number }>(async (call, [id], { timeout }) => {
        await followJob(call, await call.api(), id, timeout);
      }),
    );
  job
    .command('cancel')
    .description('stop a job; the answer comes when it has stopped')
    .argument(...JOB_ARGUMENT)
    .action(
      acting<[string]>(async (call, [id]) => {
        const { value, body } = await (await call.api()).post(`${jobPath(id)}/cancel`, Job);
        call.print.one(value, body, JOB);
      }),
    );
  program
    .command('support')
    .description('for people who look after the appliance')
    .command('left-behind')
    .description('everything of ours that exists now and must be given back one day')
    .action(
      acting(async (call) => {
        call.print.json((await (await call.api()).get('/api/v1/support/left-behind', LeftBehind)).body);
      }),
    );
}

const jobPath = (id: string): string => `/api/v1/jobs/${encodeURIComponent(id)}`;

async function list(call: Invocation, { state, vm, kind, limit }: ListOptions): Promise<void> {
  const api = await call.api();
  const contextId = vm === undefined ? undefined : await contextIdOf(api, vm);
  const { value, body } = await api.get('/api/v1/jobs', JobPage, { state, contextId, kind, limit });
  call.print.list(value.items, body, JOB);
}

async function log(call: Invocation, id: string, follow: boolean): Promise<void> {
  const api = await call.api();
  let cursor: string | undefined;
  let shown = 0;
  for (;;) {
    const ended = follow && (await hasEnded(api, id));
    for (;;) {
      const { value, body } = await api.get(`${jobPath(id)}/log`, LogPage, { limit: PAGE_LINES, cursor });
      const fresh = value.items.filter(({ seq }) => seq > shown);
      if (fresh.length > 0) {
        const raw = (body as { items: unknown[] }).items.slice(-fresh.length);
        call.print.list(fresh, { items: raw }, LOG);
        shown = fresh.at(-1)!.seq;
      }
      if (value.page.next === undefined) break;
      cursor = value.page.next;
    }
    if (!follow || ended) return;
  }
}

/** Waits a little for it. */
async function hasEnded(api: ApiClient, id: string): Promise<boolean> {
  const { value } = await api.get(jobPath(id), Job, { wait: '1s' });
  return ENDED_JOB_STATES.includes(value.state);
}

import { FailoverRunPage, PreflightReport } from '@ossea/api-contract';
import { Option, type Command } from 'commander';
import { CliError, EXIT } from '../exit-codes.js';
import type { Acting } from '../invocation.js';
import { startJob, withWait, type WaitOption } from '../job-waiting.js';
import { contextIdOf } from '../names.js';
import { FINDING, RUN } from '../output/columns.js';

/** What people are asked before something that others will notice. */
const ACTIONS = {
  test: { what: 'boot a copy of the last recovery point in isolation' },
  cleanup: { what: 'take everything of the newest test away' },
  live: {
    what: 'stop the source, copy its last changes, start it at the target',
    question: (vm: string) => `Stop ${vm} at the source and start it at the target?`,
  },
  rollback: {
    what: 'return to the source as it was',
    question: (vm: string) =>
      `Stop ${vm} at the target, drop what it wrote there, and start the source again?`,
  },
  commit: {
    what: 'keep the target machine',
    question: (vm: string) => `Keep ${vm} at the target? There is no way back after this.`,
  },
} as const satisfies Record<string, { what: string; question?: (vm: string) => string }>;

export function addFailoverCommands(program: Command, acting: Acting): void {
  const failover = program.command('failover').description('test, go live, go back, commit');
  for (const [name, action] of Object.entries(ACTIONS)) {
    const command = withWait(failover.command(name).description(action.what).argument('<vm>', 'name or id'));
    if ('question' in action) command.option('--yes', 'do not ask');
    command.action(
      acting<[string], WaitOption & { yes?: true }>(async (call, [named], { yes, ...waiting }) => {
        const contextId = await contextIdOf(await call.api(), named);
        if ('question' in action && !yes) await call.talk.confirm(action.question(named), '--yes');
        await startJob(call, `/api/v1/failover/${name}`, { contextId }, waiting);
      }),
    );
  }
  failover
    .command('preflight')
    .description('everything that could stop a failover')
    .argument('<vm>', 'name or id')
    .addOption(new Option('--kind <kind>').choices(['test', 'live']).default('live'))
    .action(
      acting<[string], { kind: string }>(async (call, [named], { kind }) => {
        const api = await call.api();
        const contextId = await contextIdOf(api, named);
        const { value, body } = await api.get('/api/v1/failover/preflight', PreflightReport, {
          contextId,
          kind,
        });
        if (call.print.format === 'table') call.print.list(value.findings, body, FINDING);
        else call.print.json(body);
        if (!value.possible) throw new CliError(EXIT.blocked, `A ${kind} failover is blocked.`);
        call.talk.say(`A ${kind} failover is possible.`);
      }),
    );
  failover
    .command('list')
    .description('failovers of a machine, newest first')
    .argument('<vm>', 'name or id')
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        const contextId = await contextIdOf(api, named);
        const { value, body } = await api.list('/api/v1/failover/runs', FailoverRunPage, { contextId });
        call.print.list(value, body, RUN);
      }),
    );
}

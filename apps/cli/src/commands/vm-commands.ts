import { AddedVms, DiscoveredVms, RecoveryPointPage, VmContext, VmContextPage } from '@ossea/api-contract';
import { InvalidArgumentError, type Command } from 'commander';
import { CliError, exitCodeOf } from '../exit-codes.js';
import type { Acting, Invocation } from '../invocation.js';
import { startJob, withWait, type WaitOption } from '../job-waiting.js';
import { connectionIdOf, contextIdOf } from '../names.js';
import { DISCOVERED_VM, POINT, VM } from '../output/columns.js';
import { problemLines } from '../output/problem-lines.js';

const VM_ARGUMENT = ['<vm>', 'name or id'] as const;

interface AddOptions {
  readonly target: string;
  readonly placement: Record<string, unknown>;
}

export function addVmCommands(program: Command, acting: Acting): void {
  const vm = program.command('vm').description('machines');
  vm.command('discover')
    .description('what a source holds now')
    .argument('<connection>', 'name or id')
    .option('--name <part>', 'only machines with this in their name')
    .action(
      acting<[string], { name?: string }>(async (call, [connection], { name }) => {
        const api = await call.api();
        const { value, body } = await api.post('/api/v1/discovery/discover-vms', DiscoveredVms, {
          connectionId: await connectionIdOf(api, connection),
          ...(name === undefined ? {} : { nameContains: name }),
        });
        call.print.list(value.items, body, DISCOVERED_VM);
        if (value.truncated) call.talk.say('There are more: narrow them down with --name.');
      }),
    );
  vm.command('add')
    .description('take machines under management, without replicating them')
    .argument('<connection>', 'name or id of the source')
    .argument('<source-vm...>', 'ids, as "ossea vm discover" lists them')
    .requiredOption('--target <connection>', 'name or id of the target')
    .option('--placement <json>', 'where at the target; see its placement schema', jsonObject, {})
    .action(acting<[string, string[]], AddOptions>((call, args, options) => add(call, args, options)));
  vm.command('list')
    .description('machines under management')
    .option('--state <state>')
    .option('--name <part>')
    .action(
      acting<[], { state?: string; name?: string }>(async (call, _args, { state, name }) => {
        const { value, body } = await (
          await call.api()
        ).list('/api/v1/vm-contexts', VmContextPage, { state, name });
        call.print.list(value, body, VM);
      }),
    );
  vm.command('get')
    .argument(...VM_ARGUMENT)
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        const { value, body } = await api.get(
          `/api/v1/vm-contexts/${await contextIdOf(api, named)}`,
          VmContext,
        );
        call.print.one(value, body, VM);
      }),
    );
  withWait(
    vm
      .command('retry')
      .description('go on where a fault ended')
      .argument(...VM_ARGUMENT),
  ).action(
    acting<[string], WaitOption>(async (call, [named], options) => {
      const id = await contextIdOf(await call.api(), named);
      await startJob(call, `/api/v1/vm-contexts/${id}/retry`, {}, options);
    }),
  );
  withWait(
    vm
      .command('release')
      .description('end the management of a machine')
      .argument(...VM_ARGUMENT),
  )
    .option('--remove-volumes', 'and remove what was copied')
    .option('--yes', 'do not ask')
    .action(
      acting<[string], WaitOption & { removeVolumes?: true; yes?: true }>((call, [named], options) =>
        release(call, named, options),
      ),
    );
}

async function add(
  call: Invocation,
  [connection, vmIds]: [string, string[]],
  { target, placement }: AddOptions,
): Promise<void> {
  const api = await call.api();
  const { value, body } = await api.post('/api/v1/discovery/add-vms', AddedVms, {
    connectionId: await connectionIdOf(api, connection),
    vmIds,
    targetConnectionId: await connectionIdOf(api, target),
    placement,
  });
  if (call.print.format === 'table') call.print.list(value.added, body, VM);
  else call.print.json(body);
  const [first] = value.failed;
  if (!first) return;
  for (const { vmId, problem } of value.failed)
    call.talk.say([`${vmId} was not added:`, ...problemLines(problem)].join('\n'));
  throw new CliError(exitCodeOf(first.problem), `${value.failed.length} of ${vmIds.length} were not added.`);
}

async function release(
  call: Invocation,
  named: string,
  { removeVolumes = false, yes, ...waiting }: WaitOption & { removeVolumes?: boolean; yes?: true },
): Promise<void> {
  const id = await contextIdOf(await call.api(), named);
  const fate = removeVolumes ? 'and REMOVE its volumes' : 'and keep its volumes';
  if (!yes) await call.talk.confirm(`End the management of ${named} ${fate}?`, '--yes');
  await startJob(call, `/api/v1/vm-contexts/${id}/release`, { removeVolumes }, waiting);
}

/** replicate, recovery-point, verify. */
export function addReplicationCommands(program: Command, acting: Acting): void {
  withWait(
    program
      .command('replicate')
      .description('run a cycle of a machine')
      .argument(...VM_ARGUMENT),
  ).action(
    acting<[string], WaitOption>(async (call, [named], options) => {
      const contextId = await contextIdOf(await call.api(), named);
      await startJob(call, '/api/v1/replications', { contextId }, options);
    }),
  );
  withWait(
    program
      .command('verify')
      .description('read the newest recovery point back and compare it with what was read at the source')
      .argument(...VM_ARGUMENT),
  )
    .option('--all', 'every byte instead of a sample')
    .action(
      acting<[string], WaitOption & { all?: true }>(async (call, [named], { all, ...waiting }) => {
        const id = await contextIdOf(await call.api(), named);
        const scope = all ? 'all' : 'sample';
        await startJob(call, `/api/v1/vm-contexts/${id}/verify`, { scope }, waiting);
      }),
    );
  const point = program.command('recovery-point').description('what sealed cycles left on the target');
  point
    .command('list')
    .argument(...VM_ARGUMENT)
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        const path = `/api/v1/vm-contexts/${await contextIdOf(api, named)}/recovery-points`;
        const { value, body } = await api.list(path, RecoveryPointPage);
        call.print.list(value, body, POINT);
      }),
    );
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new InvalidArgumentError('A JSON object is expected.');
}

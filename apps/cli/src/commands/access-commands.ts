import { CurrentAccess, Health, HealthDetail, PluginList, SignedIn } from '@ossea/api-contract';
import type { Command } from 'commander';
import { ProblemError } from '../api/api-client.js';
import { CliError, EXIT } from '../exit-codes.js';
import type { Acting, Invocation } from '../invocation.js';
import { PLUGIN } from '../output/columns.js';

/** login, reauthenticate, logout, whoami, health, plugin, api. */
export function addAccessCommands(program: Command, acting: Acting): void {
  program
    .command('login')
    .description('sign in; the password stands on standard input')
    .option('--name <name>', 'of the user', 'admin')
    .option('--set-up', 'first start: the one-time set-up code, and on a second line the new password')
    .option(
      '--recover',
      'lost password: the code that the appliance printed, and on a second line the new password',
    )
    .action(
      acting<[], { name: string; setUp?: true; recover?: true }>((call, _args, { name, setUp, recover }) => {
        if (setUp) return withCode(call, 'set-up', { name });
        return recover ? withCode(call, 'recover', {}) : signIn(call, name);
      }),
    );
  program
    .command('reauthenticate')
    .description('give the password again, for what needs it; it stands on standard input')
    .action(
      acting(async (call) => {
        const [password = ''] = await call.talk.secretLines(['Password: ']);
        const api = await call.api();
        await api.post('/api/v1/access/reauthenticate', CurrentAccess, { password });
        call.talk.say('The next minutes need no password.');
      }),
    );
  program
    .command('whoami')
    .description('who is signed in, and what is allowed')
    .action(
      acting(async (call) => {
        const { value, body } = await (await call.api()).get('/api/v1/access/session', CurrentAccess);
        call.print.one(value, body, [
          { head: 'name', cell: ({ name }) => name },
          { head: 'role', cell: ({ role }) => role },
          { head: 'ends at', cell: ({ expiresAt }) => expiresAt },
          { head: 'may', cell: ({ permissions }) => permissions.join(' ') },
        ]);
      }),
    );
  program
    .command('logout')
    .description('end the session, and forget it')
    .action(
      acting(async (call) => {
        if (await call.loginFile.read()) await endSession(call);
        await call.loginFile.remove();
      }),
    );
  program
    .command('health')
    .description('how the appliance is')
    .action(acting((call) => health(call)));
  const plugin = program.command('plugin').description('installed plugins');
  plugin.command('list').action(
    acting(async (call) => {
      const { value, body } = await (await call.api()).get('/api/v1/plugins', PluginList);
      call.print.list(value.items, body, PLUGIN);
      for (const { packageName, problem } of value.failures)
        call.talk.say(`${packageName} is not loaded: ${problem.cause} (${problem.code}) ${problem.remedy}`);
    }),
  );
  program
    .command('api')
    .description('ask the API itself; the body of a request that changes something stands on standard input')
    .argument('<method>')
    .argument('<path>')
    .option('--no-body', 'send no body')
    .action(
      acting<[string, string], { body: boolean }>(async (call, [method, path], { body }) => {
        const verb = method.toUpperCase();
        const sent =
          ['GET', 'DELETE', 'HEAD'].includes(verb) || !body ? undefined : await call.talk.json('Body');
        const answer = await (
          await call.api()
        ).raw(verb, path, sent === undefined ? undefined : JSON.stringify(sent));
        if (typeof answer === 'string') call.print.line(answer);
        else call.print.json(answer);
      }),
    );
}

async function signIn(call: Invocation, name: string): Promise<void> {
  const { api, login } = await call.door();
  const [password = ''] = await call.talk.secretLines([`Password of ${name} at ${login.server}: `]);
  const { value } = await api.post('/api/v1/access/sign-in', SignedIn, { name, password });
  await keep(call, login, value);
}

async function withCode(call: Invocation, door: 'set-up' | 'recover', more: object): Promise<void> {
  const { api, login } = await call.door();
  const [code = '', password = ''] = await call.talk.secretLines([
    'Code: ',
    'New password (12 characters or more): ',
  ]);
  const { value } = await api.post(`/api/v1/access/${door}`, SignedIn, { code, password, ...more });
  await keep(call, login, value);
}

async function endSession(call: Invocation): Promise<void> {
  try {
    await (await call.api()).raw('POST', '/api/v1/access/sign-out');
    call.talk.say('Signed out.');
  } catch (error) {
    // it is forgotten here in any case
    call.talk.say(`Forgotten here; at the appliance it ends by itself: ${reason(error)}`);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function keep(
  call: Invocation,
  login: { server: string; ca?: string | undefined },
  { name, role, token, expiresAt }: SignedIn,
): Promise<void> {
  if (token === undefined) throw new CliError(EXIT.error, 'The appliance gave no token for the session.');
  await call.loginFile.write({ ...login, token });
  call.talk.say(
    `Signed in to ${login.server} as ${name} (${role})${expiresAt === undefined ? '' : ` until ${expiresAt}`}.`,
  );
}

async function health(call: Invocation): Promise<void> {
  const api = await call.api();
  const open = await api.get('/api/v1/health', Health);
  let status = open.value.status;
  try {
    const { value, body } = await api.get('/api/v1/health/detail', HealthDetail);
    status = value.status;
    if (call.print.format === 'table') {
      const parts = Object.entries(value.parts).map(([name, part]) => ({ name, ...part }));
      call.print.list(parts, body, [
        { head: 'part', cell: ({ name }) => name },
        { head: 'status', cell: (part) => part.status },
        { head: 'detail', cell: ({ detail }) => detail },
      ]);
    } else call.print.json(body);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.status !== 401) throw error;
    call.print.one(open.value, open.body, [{ head: 'status', cell: (value) => value.status }]);
  }
  if (status !== 'ok') throw new CliError(EXIT.error, `The appliance is ${status}.`);
}

import { IssuedToken, PluginList, Health, HealthDetail } from '@ossea/api-contract';
import type { Command } from 'commander';
import { ProblemError } from '../api/api-client.js';
import { CliError, EXIT } from '../exit-codes.js';
import type { Acting, Invocation } from '../invocation.js';
import { PLUGIN } from '../output/columns.js';

/** login, logout, health, plugin, api. */
export function addAccessCommands(program: Command, acting: Acting): void {
  program
    .command('login')
    .description('sign in; the password stands on standard input')
    .option('--set-up', 'first start: the one-time set-up code, and on a second line the new password')
    .action(
      acting<[], { setUp?: true }>((call, _args, { setUp }) => (setUp ? setUpFirst(call) : signIn(call))),
    );
  program
    .command('logout')
    .description('forget the token')
    .action(
      acting(async (call) => {
        await call.loginFile.remove();
        call.talk.say('The token is forgotten here; it ends by itself.');
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

async function signIn(call: Invocation): Promise<void> {
  const { api, login } = await call.door();
  const [password = ''] = await call.talk.secretLines([`Password for ${login.server}: `]);
  const { value } = await api.post('/api/v1/access/sign-in', IssuedToken, { password });
  await keep(call, { ...login, token: value.token }, value);
}

async function setUpFirst(call: Invocation): Promise<void> {
  const { api, login } = await call.door();
  const [code = '', password = ''] = await call.talk.secretLines([
    'Set-up code: ',
    'New password (12 characters or more; empty for none): ',
  ]);
  const { value } = await api.post('/api/v1/access/set-up', IssuedToken, {
    code,
    ...(password === '' ? {} : { password }),
  });
  await keep(call, { ...login, token: value.token }, value);
}

async function keep(
  call: Invocation,
  login: { server: string; token: string; ca?: string | undefined },
  { name, expiresAt }: IssuedToken,
): Promise<void> {
  await call.loginFile.write(login);
  call.talk.say(
    `Signed in to ${login.server} as ${name}${expiresAt === undefined ? '' : ` until ${expiresAt}`}.`,
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

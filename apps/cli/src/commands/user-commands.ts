import { ApiTokenList, IssuedToken, Role, User, UserList } from '@ossea/api-contract';
import { Option, type Command } from 'commander';
import type { Acting, Invocation } from '../invocation.js';
import { userIdOf } from '../names.js';
import { API_TOKEN, USER } from '../output/columns.js';

const USERS = '/api/v1/admin/users';

interface Change {
  readonly role?: string;
  readonly disable?: true;
  readonly enable?: true;
  readonly newPassword?: true;
}

const role = (): Option => new Option('--role <role>', 'what they may do').choices(Role.options);

/** user list, add, change, sign-out, remove. */
export function addUserCommands(program: Command, acting: Acting): void {
  const user = program.command('user').description('who may use the appliance');
  user.command('list').action(
    acting(async (call) => {
      const { value, body } = await (await call.api()).get(USERS, UserList);
      call.print.list(value.items, body, USER);
    }),
  );
  user
    .command('add')
    .description('a new user; the password stands on standard input, a service has none')
    .argument('<name>')
    .addOption(role().makeOptionMandatory())
    .action(
      acting<[string], { role: string }>(async (call, [name], options) => {
        const password = options.role === 'service' ? undefined : await newPassword(call);
        const sent = { name, role: options.role, ...(password === undefined ? {} : { password }) };
        const { value, body } = await (await call.api()).post(USERS, User, sent);
        call.print.one(value, body, USER);
      }),
    );
  user
    .command('change')
    .argument('<user>', 'name or id')
    .addOption(role())
    .option('--disable', 'keeps the user out; sessions and tokens end at once')
    .option('--enable', 'lets the user in again')
    .option('--new-password', 'the new password stands on standard input; sessions end at once')
    .action(acting<[string], Change>((call, [named], change) => changeUser(call, named, change)));
  user
    .command('sign-out')
    .description('end all sessions of a user')
    .argument('<user>', 'name or id')
    .action(acting<[string]>((call, [named]) => removeAt(call, named, '/sessions')));
  user
    .command('remove')
    .description('remove a user, whose sessions and tokens end at once')
    .argument('<user>', 'name or id')
    .option('--yes', 'do not ask')
    .action(
      acting<[string], { yes?: true }>(async (call, [named], { yes }) => {
        if (!yes) await call.talk.confirm(`Remove ${named}?`, '--yes');
        await removeAt(call, named, '');
      }),
    );
}

/** token list, create, revoke. */
export function addTokenCommands(program: Command, acting: Acting): void {
  const token = program.command('token').description('what programs come with');
  token
    .command('list')
    .option('--all', "everybody's")
    .action(
      acting<[], { all?: true }>(async (call, _args, { all }) => {
        const path = all ? '/api/v1/admin/tokens' : '/api/v1/access/tokens';
        const { value, body } = await (await call.api()).get(path, ApiTokenList);
        call.print.list(value.items, body, API_TOKEN);
      }),
    );
  token
    .command('create')
    .description('an API token; it is shown this once')
    .argument('<name>', 'what it is for')
    .requiredOption('--scope <permission...>', 'what it may do; see "ossea whoami"')
    .option('--days <days>', 'how long it counts', '90')
    .option('--for <user>', 'the service that it is for; you unless told')
    .action(
      acting<[string], { scope: string[]; days: string; for?: string }>(async (call, [name], options) => {
        const api = await call.api();
        const owner = options.for === undefined ? {} : { userId: await userIdOf(api, options.for) };
        const sent = { name, scopes: options.scope, days: Number(options.days), ...owner };
        const { value, body } = await api.post('/api/v1/access/tokens', IssuedToken, sent);
        call.print.one(value, body, [
          { head: 'token', cell: ({ token: text }) => text },
          { head: 'may', cell: ({ scopes }) => scopes.join(' ') },
          { head: 'ends at', cell: ({ expiresAt }) => expiresAt },
        ]);
      }),
    );
  token
    .command('revoke')
    .description('end a token at once')
    .argument('<id>')
    .option('--of-another', "somebody else's")
    .action(
      acting<[string], { ofAnother?: true }>(async (call, [id], { ofAnother }) => {
        const path = ofAnother ? '/api/v1/admin/tokens' : '/api/v1/access/tokens';
        await (await call.api()).raw('DELETE', `${path}/${encodeURIComponent(id)}`);
        call.talk.say('It opens nothing any more.');
      }),
    );
}

async function changeUser(call: Invocation, named: string, change: Change): Promise<void> {
  const password = change.newPassword ? await newPassword(call) : undefined;
  const state = change.disable ? 'disabled' : change.enable ? 'active' : undefined;
  const api = await call.api();
  const sent = {
    ...(change.role === undefined ? {} : { role: change.role }),
    ...(state === undefined ? {} : { state }),
    ...(password === undefined ? {} : { password }),
  };
  const { value, body } = await api.patch(`${USERS}/${await userIdOf(api, named)}`, User, sent);
  call.print.one(value, body, USER);
}

async function newPassword(call: Invocation): Promise<string> {
  const [password = ''] = await call.talk.secretLines(['New password (12 characters or more): ']);
  return password;
}

async function removeAt(call: Invocation, named: string, below: string): Promise<void> {
  const api = await call.api();
  await api.raw('DELETE', `${USERS}/${await userIdOf(api, named)}${below}`);
  call.talk.say('Done.');
}

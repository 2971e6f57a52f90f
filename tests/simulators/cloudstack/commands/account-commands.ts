import { CUSTOM_SIZE } from '../rules/volume-rules.js';
import { RESOURCES, limitOf } from '../rules/limits.js';
import { mayCall } from '../cloud.js';
import { invalid } from '../protocol/api-error.js';
import type { Account } from '../state/model.js';
import { ownership } from '../views/ownership-view.js';
import type { Call } from './call.js';
import { OWNED, PAGED, type Command } from './command.js';
import { all, byIds, contains, equals, inScope, listed } from './lists.js';

const SECOND_MS = 1000;

function listCapabilities({ cloud: { settings } }: Call) {
  const { throttle } = settings;
  return {
    capability: {
      cloudstackversion: settings.version,
      kvmsnapshotenabled: settings.kvmSnapshotEnabled,
      customdiskofferingminsize: CUSTOM_SIZE.min,
      customdiskofferingmaxsize: CUSTOM_SIZE.max,
      ...(throttle
        ? { apilimitinterval: Math.ceil(throttle.intervalMs / SECOND_MS), apilimitmax: throttle.max }
        : {}),
      allowuserexpungerecovervm: settings.allowUserExpunge,
      allowuserexpungerecovervolume: settings.allowUserExpunge,
      allowuserviewdestroyedvm: settings.allowUserViewDestroyed,
      allowuserforcestopvm: true,
      dynamicrolesenabled: true,
      securitygroupsenabled: false,
      defaultuipagesize: 20,
      dynamicscalingenabled: true,
    },
  };
}

const role = ({ isRootAdmin }: Account) => ({
  accounttype: isRootAdmin ? 1 : 0,
  roletype: isRootAdmin ? 'Admin' : 'User',
  rolename: isRootAdmin ? 'Root Admin' : 'User',
});

function userView(call: Call, account: Account) {
  return {
    id: account.userId,
    username: account.name,
    ...ownership(call.cloud, account),
    accountid: account.id,
    ...role(account),
    state: 'enabled',
    apikey: account.apiKey,
  };
}

/** What is left of each limit, in the words of listAccounts. */
function limitsView(call: Call, account: Account) {
  const names: Readonly<Record<string, string>> = { user_vm: 'vm', primary_storage: 'primarystorage' };
  return Object.fromEntries(
    RESOURCES.flatMap((resource) => {
      const name = names[resource.name] ?? resource.name.replaceAll('_', '');
      const limit = account.isRootAdmin ? -1 : limitOf(call.cloud.settings, resource);
      const used = resource.used(call.cloud.world, account);
      const words = (value: number): string => (limit < 0 ? 'Unlimited' : String(Math.floor(value)));
      return [
        [`${name}limit`, words(limit)],
        [`${name}available`, words(limit - used)],
        [`${name}total`, Math.ceil(used)],
      ];
    }),
  ) as Record<string, string | number>;
}

const accounts = (call: Call): Account[] =>
  call.cloud.world.accounts
    .all()
    .filter((account) => inScope(call)({ account }))
    .filter(contains(call, 'keyword', ({ name }: Account) => name));

function listAccounts(call: Call) {
  const rows = accounts(call).filter(
    all<Account>(
      byIds(call),
      equals(call, 'name', ({ name }) => name),
    ),
  );
  return listed(call, 'account', rows, (account) => ({
    ...ownership(call.cloud, account),
    id: account.id,
    name: account.name,
    ...role(account),
    state: 'enabled',
    ...limitsView(call, account),
    user: [userView(call, account)],
  }));
}

function listUsers(call: Call) {
  const rows = accounts(call).filter(
    all<Account>(
      equals(call, 'id', ({ userId }) => userId),
      equals(call, 'username', ({ name }) => name),
    ),
  );
  return listed(call, 'user', rows, (account) => userView(call, account));
}

function getUser(call: Call) {
  const key = call.text('userapikey');
  const account = call.cloud.world.accounts.all().find(({ apiKey }) => apiKey === key);
  if (!account) throw invalid('User not found by the api key');
  return { user: userView(call, account) };
}

function listResourceLimits(call: Call) {
  const { cloud, caller } = call;
  const account = cloud.world.accounts.all().find(({ name }) => name === call.text('account')) ?? caller;
  const rows = RESOURCES.filter(
    all(
      equals(call, 'resourcetype', ({ type }) => type),
      equals(call, 'resourcetypename', ({ name }) => name),
    ),
  );
  return listed(call, 'resourcelimit', rows, (resource) => ({
    ...ownership(cloud, account),
    resourcetype: String(resource.type),
    resourcetypename: resource.name,
    max: account.isRootAdmin ? -1 : limitOf(cloud.settings, resource),
  }));
}

function getApiLimit({ cloud, caller }: Call) {
  const { max = -1, intervalMs = 0 } = cloud.settings.throttle ?? {};
  const { issued, leftMs } = cloud.throttle.state(caller);
  return {
    apilimit: {
      accountid: caller.id,
      account: caller.name,
      apiIssued: issued,
      apiAllowed: max < 0 ? -1 : Math.max(0, max - issued),
      expireAfter: issued > 0 ? leftMs : intervalMs,
    },
  };
}

/** @param commands asked for late: this one is among them. */
export function accountCommands(commands: () => readonly Command[]): readonly Command[] {
  const listApis = (call: Call) => {
    const rows = commands().filter(
      (command) =>
        mayCall(call.cloud, call.caller, command) && [undefined, command.name].includes(call.text('name')),
    );
    return listed(call, 'api', rows, ({ name, job, parameters }) => ({
      name,
      description: name,
      isasync: job !== undefined,
      params: Object.entries(parameters).map(([declared, type]) => ({
        name: declared.replace('!', ''),
        required: declared.endsWith('!'),
        type: PARAMETER_TYPES[type] ?? (type.endsWith('s') ? 'list' : 'uuid'),
      })),
    }));
  };
  return [
    { name: 'listCapabilities', parameters: {}, answer: listCapabilities },
    { name: 'listApis', parameters: { name: 'string' }, answer: listApis },
    {
      name: 'listAccounts',
      parameters: { id: 'account', name: 'string', state: 'string', accounttype: 'integer', ...OWNED },
      answer: listAccounts,
    },
    {
      name: 'listUsers',
      parameters: { id: 'user', username: 'string', state: 'string', ...OWNED },
      answer: listUsers,
    },
    { name: 'getUser', rootAdminOnly: true, parameters: { 'userapikey!': 'string' }, answer: getUser },
    {
      name: 'listProjects',
      parameters: { id: 'project', name: 'string', state: 'string', ...OWNED },
      // there are none
      answer: (call) => listed(call, 'project', [], () => ({})),
    },
    {
      name: 'listResourceLimits',
      parameters: { id: 'integer', resourcetype: 'integer', resourcetypename: 'string', ...OWNED },
      answer: listResourceLimits,
    },
    { name: 'getApiLimit', parameters: { ...PAGED }, answer: getApiLimit },
  ];
}

const PARAMETER_TYPES: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  csv: 'list',
  integer: 'integer',
  long: 'long',
  map: 'map',
  string: 'string',
};

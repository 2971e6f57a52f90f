import { ApiTokenList, CurrentAccess, Problem, type Permission } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance, ENGINES } from '../oma-shell/appliance.js';
import { addUser, issueToken, signIn } from './people.js';

describe.each(ENGINES)('API tokens on %s', (engine) => {
  let oma: Appliance;
  let admin = '';
  let operator = '';
  beforeAll(async () => {
    oma = await Appliance.start({ engine });
    admin = await signIn(oma);
    await addUser(oma, admin, 'ada', 'operator');
    operator = await signIn(oma, 'ada');
  });
  afterAll(() => oma[Symbol.asyncDispose]());

  const refusal = async (token: string, scopes: readonly Permission[], userId?: string) => {
    const body = { name: 'x', scopes, ...(userId === undefined ? {} : { userId }) };
    const answer = await oma.call('access/tokens', { token, body });
    return [answer.status, Problem.parse(answer.body).code];
  };

  it('may what their scopes say, and no more', async () => {
    const { token, id } = await issueToken(oma, operator, ['state.read']);
    expect((await oma.call('jobs', { token })).status).toBe(200);
    expect((await oma.call('replications', { token, body: {} })).status).toBe(403);
    const { kind, name, permissions } = CurrentAccess.parse(
      (await oma.call('access/session', { token })).body,
    );
    expect({ kind, name }).toEqual({ kind: 'token', name: 'ada/of a test' });
    expect([...permissions].sort()).toEqual(['self.use', 'state.read']);
    const { items } = ApiTokenList.parse((await oma.call('access/tokens', { token: operator })).body);
    const shown = items.find((one) => one.id === id);
    expect(shown?.lastUsedAt).toBeDefined();
    expect(JSON.stringify(items)).not.toContain(token);
  });

  it('are given for nothing that their maker may not', async () => {
    expect(await refusal(operator, ['failover.live'])).toEqual([403, 'access.forbidden']);
    expect(await refusal(operator, ['state.read', 'audit.read'])).toEqual([403, 'access.forbidden']);
    // what only a person may is no scope, not even an administrator's
    expect(await refusal(admin, ['users.manage'])).toEqual([403, 'access.forbidden']);
    expect(await refusal(admin, ['self.change'])).toEqual([403, 'access.forbidden']);
  });

  it('make no other tokens', async () => {
    const { token } = await issueToken(oma, admin, ['state.read']);
    expect(await refusal(token, ['state.read'])).toEqual([403, 'access.forbidden']);
  });

  it('are given to programs by an administrator only, and to other people by nobody', async () => {
    const robot = await addUser(oma, admin, 'robot', 'service');
    const person = await addUser(oma, admin, 'bob', 'viewer');
    expect(await refusal(operator, ['state.read'], robot.id)).toEqual([403, 'access.forbidden']);
    expect(await refusal(admin, ['state.read'], person.id)).toEqual([403, 'access.forbidden']);
    expect(await refusal(admin, ['vmas.decide'], robot.id)).toEqual([403, 'access.forbidden']);
    const { token } = await issueToken(oma, admin, ['state.read', 'replication.run'], robot.id);
    expect((await oma.call('jobs', { token })).status).toBe(200);
    expect(
      (await oma.call('access/sign-in', { token: null, body: { name: 'robot', password: '' } })).status,
    ).toBe(401);
  });

  it('end at once when they are ended, by their owner or by an administrator', async () => {
    const own = await issueToken(oma, operator, ['state.read']);
    expect((await oma.call(`access/tokens/${own.id}`, { token: operator, method: 'DELETE' })).status).toBe(
      204,
    );
    expect((await oma.call('jobs', { token: own.token })).status).toBe(401);
    const other = await issueToken(oma, operator, ['state.read']);
    // somebody else's id is no way to it
    expect((await oma.call(`access/tokens/${other.id}`, { token: admin, method: 'DELETE' })).status).toBe(
      204,
    );
    expect((await oma.call('jobs', { token: other.token })).status).toBe(200);
    expect((await oma.call(`admin/tokens/${other.id}`, { token: admin, method: 'DELETE' })).status).toBe(204);
    expect((await oma.call('jobs', { token: other.token })).status).toBe(401);
  });

  it('are taken from no address', async () => {
    const { token } = await issueToken(oma, operator, ['state.read']);
    for (const name of ['token', 'access_token', 'authorization'])
      expect((await oma.call(`jobs?${name}=${token}`, { token: null })).status).toBe(401);
  });
});

import { Problem, SignedIn, UserList } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_PASSWORD, Appliance, ENGINES } from '../oma-shell/appliance.js';
import { Browser, PASSWORD, addUser, issueToken, signIn } from './people.js';

describe.each(ENGINES)('users on %s', (engine) => {
  let oma: Appliance;
  let admin = '';
  beforeAll(async () => {
    oma = await Appliance.start({ engine });
    admin = await signIn(oma);
  });
  afterAll(() => oma[Symbol.asyncDispose]());

  const change = (id: string, body: object) =>
    oma.call(`admin/users/${id}`, { method: 'PATCH', token: admin, body });
  const enterWith = (password: string) =>
    oma.call('access/sign-in', { token: null, body: { name: 'oscar', password } });
  const refusal = async (answer: ReturnType<typeof oma.call>) => {
    const { status, body } = await answer;
    return [status, Problem.parse(body).code];
  };

  it('have one name each, however it is written', async () => {
    await addUser(oma, admin, 'Grace', 'viewer');
    const again = oma.call('admin/users', {
      token: admin,
      body: { name: ' GRACE ', role: 'viewer', password: PASSWORD },
    });
    expect(await refusal(again)).toEqual([409, 'request.conflict']);
    expect(
      (await oma.call('access/sign-in', { token: null, body: { name: 'grace', password: PASSWORD } })).status,
    ).toBe(200);
    const { items } = UserList.parse((await oma.call('admin/users', { token: admin })).body);
    expect(items.map(({ name }) => name)).toContain('grace');
    expect(JSON.stringify(items)).not.toMatch(/argon2|password/i);
  });

  it('feel a smaller role at once, also in what is open already', async () => {
    const { id } = await addUser(oma, admin, 'ada', 'operator');
    const session = await signIn(oma, 'ada');
    const { token } = await issueToken(oma, session, ['replication.run', 'state.read']);
    for (const one of [session, token])
      expect((await oma.call('replications', { token: one, body: {} })).status).toBe(400);
    expect((await change(id, { role: 'viewer' })).status).toBe(200);
    for (const one of [session, token]) {
      expect((await oma.call('replications', { token: one, body: {} })).status).toBe(403);
      expect((await oma.call('jobs', { token: one })).status).toBe(200);
    }
  });

  it('are out when they are disabled, and when their password is changed', async () => {
    const { id } = await addUser(oma, admin, 'bob', 'operator');
    const page = await Browser.signIn(oma, 'bob', PASSWORD);
    const { token } = await issueToken(oma, await signIn(oma, 'bob'), ['state.read']);
    expect((await change(id, { password: `${PASSWORD} 2` })).status).toBe(200);
    expect((await page.call('jobs')).status).toBe(401);
    expect((await oma.call('jobs', { token })).status).toBe(200);
    expect((await change(id, { state: 'disabled' })).status).toBe(200);
    expect((await oma.call('jobs', { token })).status).toBe(401);
    const back = { name: 'bob', password: `${PASSWORD} 2` };
    expect((await oma.call('access/sign-in', { token: null, body: back })).status).toBe(401);
    expect((await change(id, { state: 'active' })).status).toBe(200);
    expect((await oma.call('access/sign-in', { token: null, body: back })).status).toBe(200);
    expect((await oma.call('jobs', { token })).status).toBe(401);
  });

  it('get no session that lasts out of a password that is changed while it is compared', async () => {
    let password = PASSWORD;
    const { id } = await addUser(oma, admin, 'oscar', 'viewer');
    for (let round = 0; round < 4; round += 1) {
      const old = { name: 'oscar', password };
      password = `${PASSWORD} of round ${round}`;
      const enter = () => oma.call('access/sign-in', { token: null, body: old });
      const [changed, ...entered] = await Promise.all([change(id, { password }), enter(), enter(), enter()]);
      expect(changed.status).toBe(200);
      for (const { status, body } of entered) {
        if (status === 200)
          expect((await oma.call('jobs', { token: SignedIn.parse(body).token ?? '' })).status).toBe(401);
        else expect(Problem.parse(body).code).toBe('access.unauthenticated');
      }
      // what was guessed wrong before is forgiven
      expect((await enterWith(password)).status).toBe(200);
    }
  });

  it('change their own password, which ends their other sessions', async () => {
    await addUser(oma, admin, 'eve', 'viewer');
    const [here, there] = [await signIn(oma, 'eve'), await signIn(oma, 'eve')];
    const wrong = oma.call('access/password', { token: here, body: { current: 'x', next: `${PASSWORD} 3` } });
    expect(await refusal(wrong)).toEqual([401, 'access.unauthenticated']);
    const right = { current: PASSWORD, next: `${PASSWORD} 3` };
    expect((await oma.call('access/password', { token: here, body: right })).status).toBe(204);
    expect((await oma.call('jobs', { token: here })).status).toBe(200);
    expect((await oma.call('jobs', { token: there })).status).toBe(401);
  });

  it('always hold one who can administer: that of the set-up stays', async () => {
    const { items } = UserList.parse((await oma.call('admin/users', { token: admin })).body);
    const first = items.find(({ breakGlass }) => breakGlass);
    const id = first?.id ?? '';
    expect(first?.name).toBe('admin');
    expect(await refusal(change(id, { role: 'viewer' }))).toEqual([409, 'request.conflict']);
    expect(await refusal(change(id, { state: 'disabled' }))).toEqual([409, 'request.conflict']);
    expect(await refusal(oma.call(`admin/users/${id}`, { method: 'DELETE', token: admin }))).toEqual([
      409,
      'request.conflict',
    ]);
    expect(
      (await oma.call('access/sign-in', { token: null, body: { name: 'admin', password: ADMIN_PASSWORD } }))
        .status,
    ).toBe(200);
  });

  it('are gone with everything of theirs when they are removed', async () => {
    const { id } = await addUser(oma, admin, 'mallory', 'operator');
    const session = await signIn(oma, 'mallory');
    expect((await oma.call(`admin/users/${id}`, { method: 'DELETE', token: admin })).status).toBe(204);
    expect((await oma.call('jobs', { token: session })).status).toBe(401);
    expect((await oma.call(`admin/users/${id}`, { token: admin })).status).toBe(404);
  });
});

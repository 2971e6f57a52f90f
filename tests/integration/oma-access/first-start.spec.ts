import { Problem, SignedIn } from '@ossea/api-contract';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance, ENGINES } from '../oma-shell/appliance.js';

const PASSWORD = 'correct horse battery';

describe.each(ENGINES)('the first start on %s', (engine) => {
  let oma: Appliance;
  beforeAll(async () => {
    oma = await Appliance.start({ engine, setUp: false });
  });
  afterAll(() => oma[Symbol.asyncDispose]());

  it('says its set-up code once, in a file that only we may read', async () => {
    const { mode } = await stat(join(oma.stateDir, 'set-up-code'));
    expect(mode & 0o777).toBe(0o600);
    expect(oma.announced).toEqual([await oma.setUpCode()]);
  });

  it('has no password and no name that would let anybody in', async () => {
    for (const name of ['admin', 'administrator', 'root'])
      for (const password of [PASSWORD, '', 'admin', 'password']) {
        const { status, body } = await oma.call('access/sign-in', { body: { name, password } });
        if (status !== 429)
          expect([status, Problem.parse(body).code]).toEqual([401, 'access.unauthenticated']);
      }
  });

  it('takes no weak password, and uses the code up only with a good one', async () => {
    const code = await oma.setUpCode();
    const { status, body } = await oma.call('access/set-up', { body: { code, password: 'short' } });
    expect([status, Problem.parse(body).code]).toEqual([400, 'request.invalid']);
    expect(await oma.setUpCode()).toBe(code);
  });

  it('trades the code for an administrator, once, also when many come at the same moment', async () => {
    const code = await oma.setUpCode();
    const wrong = await oma.call('access/set-up', { body: { code: 'AAAA-BBBB', password: PASSWORD } });
    expect(wrong.status).toBe(401);
    const answers = await Promise.all(
      // as people type it
      [code, code.toLowerCase(), code.replaceAll('-', '')].map((typed) =>
        oma.call('access/set-up', { body: { code: typed, password: PASSWORD } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const entered = answers.find(({ status }) => status === 201);
    const { token, role, name, expiresAt } = SignedIn.parse(entered?.body);
    expect({ role, name }).toEqual({ role: 'administrator', name: 'admin' });
    expect(entered?.headers.get('cache-control')).toBe('no-store');
    expect(Date.parse(expiresAt ?? '')).toBeGreaterThan(Date.now());
    expect((await oma.call('health/detail', { token: token ?? '' })).status).toBe(200);
    await expect(stat(join(oma.stateDir, 'set-up-code'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await oma.call('access/set-up', { body: { code, password: PASSWORD } })).status).toBe(409);
  });
});

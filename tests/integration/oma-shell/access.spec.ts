import { Health, HealthDetail, IssuedToken, Problem } from '@ossea/api-contract';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance, ENGINES } from './appliance.js';

const PASSWORD = 'correct horse battery';

interface Operation {
  readonly security?: readonly unknown[];
}

describe.each(ENGINES)('access on %s', (engine) => {
  let oma: Appliance;
  let token = '';
  beforeAll(async () => {
    oma = await Appliance.start({ engine, setUp: false });
  });
  afterAll(() => oma[Symbol.asyncDispose]());

  it('says its set-up code once, in a file that only we may read', async () => {
    const { mode } = await stat(join(oma.stateDir, 'set-up-code'));
    expect(mode & 0o777).toBe(0o600);
    expect(oma.announced).toEqual([await oma.setUpCode()]);
  });

  it('lets nobody in before it is set up', async () => {
    const { status, body } = await oma.call('access/sign-in', { body: { password: PASSWORD } });
    expect(status).toBe(401);
    expect(Problem.parse(body).code).toBe('access.unauthenticated');
  });

  it('gives a token for the code, once, also to many who come at the same moment', async () => {
    const code = await oma.setUpCode();
    const wrong = await oma.call('access/set-up', { body: { code: 'AAAA-BBBB' } });
    expect(wrong.status).toBe(401);
    const answers = await Promise.all(
      // as people type it
      [code, code.toLowerCase(), code.replaceAll('-', '')].map((typed) =>
        oma.call('access/set-up', { body: { code: typed, password: PASSWORD } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const issued = answers.find(({ status }) => status === 201);
    const { expiresAt, ...given } = IssuedToken.parse(issued?.body);
    token = given.token;
    expect(issued?.headers.get('cache-control')).toBe('no-store');
    expect(Date.parse(expiresAt ?? '')).toBeGreaterThan(Date.now());
    expect((await oma.call('health/detail', { token })).status).toBe(200);
    await expect(stat(join(oma.stateDir, 'set-up-code'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await oma.call('access/set-up', { body: { code } })).status).toBe(409);
  });

  it('gives a new token for the password, and makes guessing slow', async () => {
    const { status, body } = await oma.call('access/sign-in', { body: { password: PASSWORD } });
    expect(status).toBe(200);
    expect((await oma.call('jobs', { token: IssuedToken.parse(body).token })).status).toBe(200);
    const guesses = [];
    for (let i = 0; i < 6; i += 1)
      guesses.push(await oma.call('access/sign-in', { body: { password: `wrong ${i} password` } }));
    expect(guesses.map((guess) => guess.status)).toEqual([401, 401, 401, 401, 401, 429]);
    expect(Problem.parse(guesses[5]?.body).code).toBe('access.throttled');
    expect(Number(guesses[5]?.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers 401 on every documented route but the open ones, whatever the token looks like', async () => {
    const { body } = await oma.call('/api/docs/openapi.json', { token: null });
    const paths = body['paths'] as Record<string, Record<string, Operation>>;
    const open: string[] = [];
    for (const [path, operations] of Object.entries(paths))
      for (const [method, { security }] of Object.entries(operations)) {
        const route = `${method.toUpperCase()} ${path}`;
        if (security?.length === 0) {
          open.push(route);
          continue;
        }
        const address = path.replace(/\{\w+\}/g, 'job_01J00000000000000000000000');
        for (const headers of [
          {},
          { authorization: 'Bearer ossea_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
          { authorization: 'Basic YTpi' },
          { authorization: `Bearer ${'x'.repeat(5000)}` },
        ] as Record<string, string>[]) {
          const answer = await oma.call(address, { method: method.toUpperCase(), token: null, headers });
          expect([route, answer.status]).toEqual([route, 401]);
          expect(Problem.parse(answer.body).code).toBe('access.unauthenticated');
          expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
        }
      }
    expect(open.sort()).toEqual([
      'GET /api/v1/health',
      'POST /api/v1/access/set-up',
      'POST /api/v1/access/sign-in',
    ]);
  });

  it('takes no token from an address', async () => {
    expect((await oma.call('jobs', { token })).status).toBe(200);
    for (const name of ['token', 'access_token', 'authorization'])
      expect((await oma.call(`jobs?${name}=${token}`, { token: null })).status).toBe(401);
  });

  it('tells everyone whether it is well, and only callers with a token how', async () => {
    const open = await oma.call('health', { token: null });
    expect(Health.strict().parse(open.body).status).toMatch(/ok|degraded/);
    expect((await oma.call('health/detail', { token: null })).status).toBe(401);
  });
});

it('shows how each part is', async () => {
  await using oma = await Appliance.start();
  const { parts, version } = HealthDetail.parse((await oma.call('health/detail')).body);
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(parts['database']).toEqual({ status: 'ok', detail: 'SQLite' });
  expect(parts['tunnel-server']?.status).toBe('ok');
  expect(parts['spool']?.detail).toMatch(/^\d+ bytes free$/);
  expect(Object.keys(parts)).toEqual(expect.arrayContaining(['copy-engine', 'plugins', 'state']));
});

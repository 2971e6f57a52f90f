import { Problem } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_PASSWORD, Appliance, ENGINES } from '../oma-shell/appliance.js';
import { PASSWORD, addUser, signIn } from './people.js';

describe.each(ENGINES)('guessing passwords on %s', (engine) => {
  let oma: Appliance;
  beforeAll(async () => {
    oma = await Appliance.start({ engine });
    await addUser(oma, await signIn(oma), 'ada', 'operator');
  });
  afterAll(() => oma[Symbol.asyncDispose]());

  const attempt = (name: string, password: string) =>
    oma.call('access/sign-in', { token: null, body: { name, password } });

  it('says the same of a wrong password and of a user who does not exist', async () => {
    const [wrong, nobody] = await Promise.all([attempt('ada', 'wrong password'), attempt('eve', PASSWORD)]);
    const told = [wrong, nobody].map(({ status, body }) => {
      const { code, cause, remedy } = Problem.parse(body);
      return { status, code, cause, remedy };
    });
    expect(told[0]).toEqual(told[1]);
    expect(told[0]).toMatchObject({ status: 401, code: 'access.unauthenticated' });
  });

  it('grows slow, and tells when to come again', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await attempt('ada', `guess ${i}`)).status);
    expect(statuses.at(-1)).toBe(429);
    const { status, headers, body } = await attempt('ada', PASSWORD);
    expect([status, Problem.parse(body).code]).toEqual([429, 'access.throttled']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('locks nobody else out: the administrator beside it comes in', async () => {
    expect((await attempt('admin', ADMIN_PASSWORD)).status).toBe(200);
  });
});

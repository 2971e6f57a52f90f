import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ClientBench, PASSWORD } from './testing/client-bench.js';

const call = { signal: new AbortController().signal };
let bench: ClientBench;

beforeEach(() => {
  bench = new ClientBench();
});

afterEach(async () => {
  await bench.close();
  expect(inspect(bench.logged, { depth: 9 })).not.toContain('c4n4ry');
});

it('is tried once at the start', async () => {
  bench.vcenter.password = 'another';
  const refused = await bench.connect().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'auth.rejected' });
  expect(inspect(refused, { depth: 9, showHidden: true })).not.toContain('c4n4ry');
  expect(bench.vcenter.server.count('Login')).toBe(1);
});

it('is tried twice at most later on, and then nothing is asked any more', async () => {
  const client = await bench.connect();
  bench.vcenter.password = 'changed';
  bench.vcenter.expire();
  for (let i = 0; i < 5; i += 1)
    await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'auth.rejected' });
  expect(bench.vcenter.server.count('Login')).toBe(3);
  expect(bench.vcenter.server.count('CurrentTime')).toBe(2);
});

it('counts from nothing again once it was accepted', async () => {
  const client = await bench.connect();
  for (let i = 0; i < 3; i += 1) {
    bench.vcenter.expire();
    bench.vcenter.faults.push({ method: 'Login', fault: { name: 'InvalidLogin' } });
    await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'auth.rejected' });
    await client.keepAlive(call);
  }
  expect(client.session).toBe(4);
});

it('is told to the guard, which may forbid the next try', async () => {
  const told: string[] = [];
  const loginGuard = {
    beforeLogin: () => (
      told.push('before'),
      told.length > 4 ? Promise.reject(new Error('not now')) : Promise.resolve()
    ),
    rejected: () => Promise.resolve(void told.push('rejected')),
    accepted: () => Promise.resolve(void told.push('accepted')),
  };
  const client = await bench.connect({ loginGuard });
  bench.vcenter.expire();
  bench.vcenter.password = 'changed';
  await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'auth.rejected' });
  await expect(client.keepAlive(call)).rejects.toThrow('not now');
  expect(told).toEqual(['before', 'accepted', 'before', 'rejected', 'before']);
  expect(bench.vcenter.server.count('Login')).toBe(2);
});

it.each([
  ['PasswordExpired', { code: 'auth.rejected', message: expect.stringContaining('expired') as string }],
  ['NoPermission', { code: 'peer.forbidden' }],
  ['InvalidLocale', { faultName: 'InvalidLocale' }],
])('or an account that is refused with %s', async (name, expected) => {
  bench.vcenter.faults.push({
    method: 'Login',
    fault: { name, message: `no &#60;${'c4n4ry-5ecret'}&lt;&amp;&gt;` },
  });
  const refused = await bench.connect().catch((error: unknown) => error);
  expect(refused).toMatchObject(expected);
  expect(inspect(refused, { depth: 9, showHidden: true })).not.toContain(PASSWORD);
});

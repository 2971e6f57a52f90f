import { Permission, Problem, ruleOf, scopesOf } from '@ossea/api-contract';
import { expect, it } from 'vitest';
import { createDataSource } from '../../../apps/oma/src/database/data-source.js';
import { parseConfig } from '../../../apps/oma/src/config/load-config.js';
import { ADMIN_PASSWORD, Appliance } from '../oma-shell/appliance.js';
import { issueToken, signIn } from './people.js';

/** Lets an hour pass since every password was given, behind the appliance's back. */
async function anHourPasses(stateDir: string): Promise<void> {
  const database = createDataSource(parseConfig({ stateDir }));
  await database.initialize();
  const before = new Date(Date.now() - 3_600_000);
  await database.query('UPDATE access_session SET authenticatedAt = ?', [
    before.toISOString().replace('T', ' ').replace('Z', ''),
  ]);
  await database.destroy();
}

it('is asked for what cannot be taken back, once it was given long ago; a token needs the very scope', async () => {
  await using oma = await Appliance.start();
  const session = await signIn(oma);
  const narrow = await issueToken(oma, session, ['state.read']);
  const wide = await issueToken(oma, session, scopesOf('administrator'));
  await anHourPasses(oma.stateDir);
  const touchy = [
    ['POST', 'failover/live'],
    ['POST', 'failover/commit'],
    ['POST', 'failover/rollback'],
    ['POST', 'admin/vma/approve/vma_01J00000000000000000000000'],
    ['POST', 'admin/vma/reject/vma_01J00000000000000000000000'],
    ['DELETE', 'admin/vma/revoke/vma_01J00000000000000000000000'],
    ['DELETE', 'connections/con_01J00000000000000000000000'],
    ['POST', 'vm-contexts/ctx_01J00000000000000000000000/release'],
  ] as const;
  const codeOf = async (method: string, path: string, token: string) => {
    const { status, body } = await oma.call(path, { method, token });
    return status === 204 || status < 300 ? 'done' : Problem.parse(body).code;
  };
  for (const [method, path] of touchy) {
    expect([path, await codeOf(method, path, session)]).toEqual([path, 'access.password-needed']);
    expect([path, await codeOf(method, path, narrow.token)]).toEqual([path, 'access.forbidden']);
    expect([path, await codeOf(method, path, wide.token)]).toEqual([
      path,
      expect.stringMatching(/^(request|resource|config)\.|^done$/),
    ]);
  }
  // a token with such a scope is as good as the password: it is made with the password in hand
  const made = await oma.call('access/tokens', {
    token: session,
    body: { name: 'x', scopes: ['failover.live'] },
  });
  expect(Problem.parse(made.body).code).toBe('access.password-needed');
  const wrong = await oma.call('access/reauthenticate', { token: session, body: { password: 'no' } });
  expect(Problem.parse(wrong.body).code).toBe('access.unauthenticated');
  expect(
    (await oma.call('access/reauthenticate', { token: session, body: { password: ADMIN_PASSWORD } })).status,
  ).toBe(200);
  for (const [method, path] of touchy)
    expect([path, await codeOf(method, path, session)]).not.toEqual([path, 'access.password-needed']);
});

it('is needed for approving, revoking, live failover, deletion, and for who may do what', () => {
  expect(Permission.options.filter((permission) => ruleOf(permission).recent)).toEqual([
    'machines.release',
    'failover.live',
    'connections.remove',
    'vmas.decide',
    'vmas.revoke',
    'secrets.rotate',
    'users.manage',
  ]);
});

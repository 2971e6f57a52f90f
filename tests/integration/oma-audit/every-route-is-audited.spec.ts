import { AUDIT_ACTIONS, AuditPage, type AuditEvent } from '@ossea/api-contract';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Appliance, ENGINES } from '../oma-shell/appliance.js';
import { AUDITED_OTHERWISE, AUDITED_ROUTES } from './audited-routes.js';

describe.each(ENGINES)('on %s', (engine) => {
  it('every route that changes something is in the table, and those that can be called here write what it says', async () => {
    await using oma = await Appliance.start({ engine });
    const { body } = await oma.call('/api/docs/openapi.json', { token: null });
    const paths = body['paths'] as Record<string, Record<string, unknown>>;
    const mutating = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'get')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(mutating.sort()).toEqual(Object.keys(AUDITED_ROUTES).sort());
    const named = Object.values(AUDITED_ROUTES).flatMap((audited) => ('nothing' in audited ? [] : audited));
    expect(named.filter((action) => !(action in AUDIT_ACTIONS))).toEqual([]);
    // an action that nothing writes is a promise that nobody keeps
    const written = new Set<string>([...named, ...AUDITED_OTHERWISE]);
    expect(Object.keys(AUDIT_ACTIONS).filter((action) => !written.has(action))).toEqual([]);

    const rows = async (): Promise<AuditEvent[]> =>
      AuditPage.parse((await oma.call('audit?limit=500')).body).items.reverse();
    let seen = (await rows()).length;
    expect((await rows()).map(({ action }) => action)).toEqual(['access.set-up', 'api-token.create']);
    const writtenBy = async (route: string, address: string, sent?: unknown, outcome = 'done') => {
      const method = route.split(' ')[0] ?? '';
      const answer = await oma.call(address, { method, ...(sent === undefined ? {} : { body: sent }) });
      const job = (answer.body as { links?: { self?: string } }).links?.self;
      if (job !== undefined) await oma.call(`${job}?wait=30s`);
      const now = await rows();
      const fresh = now.slice(seen);
      seen = now.length;
      const expected = AUDITED_ROUTES[route] ?? { nothing: 'not in the table' };
      const allowed = 'nothing' in expected ? [] : expected;
      expect([route, fresh.map(({ action }) => action)]).toEqual([route, allowed.slice(0, fresh.length)]);
      expect([route, fresh.map((row) => row.outcome)]).toEqual([route, fresh.map(() => outcome)]);
      return {
        body: answer.body as Record<string, string>,
        fresh,
        complete: fresh.length === allowed.length,
      };
    };
    const pool = join(oma.stateDir, 'pool');
    const settings = { poolDir: pool, machinesDir: join(oma.stateDir, 'm') };
    const connection = { name: 'qemu', kind: 'target', pluginId: 'qemu-target', settings };
    const made = await writtenBy('POST /api/v1/connections', 'connections', connection);
    expect(made.complete).toBe(true);
    const { id } = made.body;
    for (const [route, address, sent] of [
      ['PATCH /api/v1/connections/{id}', `connections/${id}`, { name: 'pool' }],
      ['DELETE /api/v1/connections/{id}', `connections/${id}`, undefined],
      ['POST /api/v1/admin/vma/pairing-code', 'admin/vma/pairing-code', {}],
      ['POST /api/v1/admin/secrets/rotate', 'admin/secrets/rotate', undefined],
      ['POST /api/v1/admin/secrets/rewrap', 'admin/secrets/rewrap', undefined],
    ] as const)
      expect([route, (await writtenBy(route, address, sent)).complete]).toEqual([route, true]);
    // what is not done is not said to be done
    expect((await writtenBy('DELETE /api/v1/connections/{id}', `connections/${id}`)).fresh).toEqual([]);
    const subjects = (await rows()).filter(({ subjectId }) => subjectId === id);
    expect(subjects.map(({ action }) => action)).toEqual([
      'connection.create',
      'connection.change',
      'connection.delete',
    ]);
  });
});

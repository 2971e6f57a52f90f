import { Connection, ConnectionPage, ConnectionTest, SECRET_MASK } from '@ossea/api-contract';
import { ERRORS, MigrationError, type ErrorCode } from '@ossea/errors';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionsService } from '../../../apps/oma/src/connections/connections.service.js';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { VmContext } from '../../../apps/oma/src/discovery/vm-context.entity.js';
import { until } from '../../stack/probe.js';
import { ConnectionsBench, ENGINES, problemOf } from './bench.js';
import { CANARY } from './test-plugins.js';

const remedyOf = (code: ErrorCode) => ERRORS[code].remedy;

describe.each(ENGINES)('connections on %s', (engine) => {
  let bench: ConnectionsBench;
  beforeAll(async () => {
    bench = await ConnectionsBench.start(engine);
  });
  afterEach(() => {
    bench.gateway.broken = undefined;
    bench.cloud.broken = undefined;
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it('are stored, shown with masks, and found again in pages', async () => {
    const source = await bench.source();
    const target = await bench.qemu();
    expect(source).toEqual(Connection.strict().parse(source));
    expect(source).toMatchObject({
      vmaId: bench.approvedVma,
      settings: { host: 'vcenter', password: SECRET_MASK },
      version: 1,
    });
    const got = await bench.call(`connections/${source.id}`);
    expect(got.body).toEqual(source);
    expect(got.headers.get('etag')).toBe('"1"');

    const first = ConnectionPage.parse((await bench.call('connections?limit=1')).body);
    expect(first.items).toEqual([target]);
    const second = await bench.call(`connections?limit=1&cursor=${first.page.next}`);
    expect(ConnectionPage.parse(second.body).items).toEqual([source]);
  });

  it('tell of every change', async () => {
    const { id } = await bench.careless();
    await bench.call(`connections/${id}`, { method: 'PATCH', body: { name: `renamed ${id}` } });
    await bench.call(`connections/${id}`, { method: 'DELETE', headers: { 'x-correlation-id': 'bye-1' } });
    const changes = () =>
      bench.facts
        .filter(({ type, subject }) => type === 'connection.changed' && subject === id)
        .map(({ data, correlationId }) => [(data as { change: string }).change, correlationId]);
    await until('three facts are told', () => changes().length === 3);
    expect(changes().map(([change]) => change)).toEqual(['created', 'updated', 'removed']);
    expect(changes()[2]).toEqual(['removed', 'bye-1']);
  });

  const valid = (more: object = {}) => ({
    name: `new ${newId('n')}`,
    kind: 'source',
    pluginId: 'memory-source',
    vmaId: bench.approvedVma,
    settings: { host: 'vcenter', password: CANARY },
    ...more,
  });
  const wrongs: [string, () => object, number, ErrorCode, string[] | undefined][] = [
    ['an unknown plugin', () => ({ pluginId: 'nothing' }), 422, 'plugin.unknown', undefined],
    ['a plugin of the other kind', () => ({ kind: 'target' }), 422, 'plugin.unknown', undefined],
    [
      'settings that do not fit',
      () => ({ settings: { host: 'ab', password: CANARY.slice(0, 7), extra: CANARY } }),
      422,
      'config.invalid',
      ['/settings/host', '/settings/password', '/settings/extra'],
    ],
    [
      'settings that are missing',
      () => ({ settings: {} }),
      422,
      'config.invalid',
      ['/settings/host', '/settings/password'],
    ],
    [
      'a mask instead of a secret',
      () => ({ settings: { host: 'vcenter', password: SECRET_MASK } }),
      422,
      'config.invalid',
      ['/settings/password'],
    ],
    ['a source without a VMA', () => ({ vmaId: undefined }), 422, 'config.missing', undefined],
    ['a VMA that only asked', () => ({ vmaId: bench.pendingVma }), 422, 'config.missing', undefined],
    ['a VMA that nobody knows', () => ({ vmaId: newId('vma') }), 422, 'config.missing', undefined],
    [
      'a target with a VMA',
      () => ({ kind: 'target', pluginId: 'careless-cloud', settings: { mood: 'calm', password: CANARY } }),
      422,
      'config.invalid',
      ['/vmaId'],
    ],
    ['no name', () => ({ name: ' ' }), 400, 'request.invalid', ['/name']],
    ['a field that is not ours', () => ({ secrets: {} }), 400, 'request.invalid', ['/secrets']],
  ];
  it.each(wrongs)('refuse %s', async (_what, more, status, code, fields) => {
    const answer = await bench.call('connections', { body: valid(more()) });
    expect(answer.status).toBe(status);
    expect(problemOf(answer)).toEqual({ code, remedy: remedyOf(code), ...(fields ? { fields } : {}) });
  });

  it('have names of their own', async () => {
    const { name, id } = await bench.source();
    const twin = await bench.call('connections', { body: valid({ name }) });
    expect(twin.status).toBe(409);
    expect(problemOf(twin)).toEqual({ code: 'resource.conflict', remedy: remedyOf('resource.conflict') });
    const other = await bench.source();
    const renamed = await bench.call(`connections/${other.id}`, { method: 'PATCH', body: { name } });
    expect(problemOf(renamed).code).toBe('resource.conflict');
    expect((await bench.call(`connections/${id}`)).body['name']).toBe(name);
  });

  it('are changed only by who has seen their present state', async () => {
    const { id } = await bench.source();
    const change = (name: string, ifMatch: string) =>
      bench.call(`connections/${id}`, {
        method: 'PATCH',
        body: { name: `${name} ${id}` },
        headers: { 'if-match': ifMatch },
      });
    const first = await change('first', '"1"');
    expect([first.status, first.headers.get('etag'), first.body['version']]).toEqual([200, '"2"', 2]);
    const stale = await change('second', '"1"');
    expect(stale.status).toBe(409);
    expect(problemOf(stale)).toEqual({ code: 'request.conflict', remedy: remedyOf('request.conflict') });
    expect(problemOf(await change('third', 'W/"2"'))).toMatchObject({
      code: 'request.invalid',
      fields: ['/headers/If-Match'],
    });
    // all of them have read version 2 before the first one writes
    const service = bench.service(ConnectionsService);
    const caller = { name: 'test', correlationId: 'rush-1' };
    const rush = await Promise.allSettled(
      [1, 2, 3, 4, 5, 6].map((n) => service.update(id, { name: `rush ${n} ${id}` }, 2, caller)),
    );
    expect(rush.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of rush)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'request.conflict' });
    const gone = await bench.call(`connections/${id}`, { method: 'DELETE', headers: { 'if-match': '"2"' } });
    expect(problemOf(gone).code).toBe('request.conflict');
    expect((await bench.call(`connections/${id}`)).body['version']).toBe(3);
  });

  it('keep a secret whose mask comes back, and take a new one', async () => {
    const { id, settings } = await bench.source();
    const patch = async (settings: object) => {
      const answer = await bench.call(`connections/${id}`, { method: 'PATCH', body: { settings } });
      expect(answer.body).toMatchObject({ settings: { password: SECRET_MASK } });
      await bench.call(`connections/${id}/test`, { method: 'POST' });
      return bench.gateway.openings.at(-1)?.settings;
    };
    expect(await patch({ ...settings, host: 'other' })).toEqual({ host: 'other', password: CANARY });
    expect(await patch({ host: 'other', password: `${CANARY}-2` })).toEqual({
      host: 'other',
      password: `${CANARY}-2`,
    });
  });

  it.each(['GET', 'PATCH', 'DELETE', 'test'])(
    'that are not there cannot be asked for: %s',
    async (method) => {
      const path = `connections/${newId('con')}`;
      const answer =
        method === 'test'
          ? await bench.call(`${path}/test`, { method: 'POST' })
          : await bench.call(path, { method, ...(method === 'PATCH' ? { body: { name: 'x' } } : {}) });
      expect(answer.status).toBe(404);
      expect(problemOf(answer)).toEqual({ code: 'request.not-found', remedy: remedyOf('request.not-found') });
    },
  );

  it('say what they can do when they are tried', async () => {
    const test = async (id: string) =>
      ConnectionTest.parse((await bench.call(`connections/${id}/test`, { method: 'POST' })).body);
    const source = await test((await bench.source()).id);
    expect(source.capabilities).toEqual(['changedBlocks', 'power', 'consoleScreenshot', 'privileges']);
    // what the account may do is asked at the same time
    expect(source.privileges?.length).toBeGreaterThan(0);
    const target = await test((await bench.qemu()).id);
    expect(target.capabilities).toEqual(
      expect.arrayContaining(['volumeSnapshots', 'zeroedVolumes', 'isolatedNetworks', 'consoleScreenshot']),
    );
  });

  it.each([
    ['refuses', 422, 'auth.rejected'],
    ['unreachable', 503, 'peer.unreachable'],
    ['broken', 500, 'plugin.broken-contract'],
  ] as const)('tell why a target cannot be connected: %s', async (mood, status, code) => {
    const { id } = await bench.careless(mood);
    const answer = await bench.call(`connections/${id}/test`, { method: 'POST' });
    expect(answer.status).toBe(status);
    expect(problemOf(answer)).toEqual({ code, remedy: remedyOf(code) });
  });

  it.each(['auth.rejected', 'peer.unreachable', 'tunnel.down'] as const)(
    'tell why a source cannot be connected: %s',
    async (code) => {
      const { id } = await bench.source();
      bench.gateway.refusal = new MigrationError(code, `no entry with ${CANARY}`);
      const answer = await bench.call(`connections/${id}/test`, { method: 'POST' });
      expect(answer.status).toBe(ERRORS[code].status);
      expect(problemOf(answer)).toEqual({ code, remedy: remedyOf(code) });
      const again = await bench.call(`connections/${id}/test`, { method: 'POST' });
      expect(again.status).toBe(200);
    },
  );

  it('stay as long as a machine, or the history of one, uses them', async () => {
    const source = await bench.source();
    const target = await bench.qemu();
    const added = await bench.call('discovery/add-vms', {
      body: { connectionId: source.id, targetConnectionId: target.id, vmIds: ['vm-1'] },
    });
    expect(added.body).toMatchObject({ failed: [] });
    const refused = async ({ id }: { id: string }) => {
      const answer = await bench.call(`connections/${id}`, { method: 'DELETE' });
      expect(answer.status).toBe(409);
      expect(problemOf(answer)).toEqual({ code: 'request.conflict', remedy: remedyOf('request.conflict') });
    };
    await refused(source);
    await refused(target);
    await bench.database
      .getRepository(VmContext)
      .update({ sourceConnectionId: source.id }, { state: 'released', updatedAt: new Date() });
    await refused(source);
    const unused = await bench.qemu();
    expect((await bench.call(`connections/${unused.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await bench.call(`connections/${unused.id}`)).status).toBe(404);
  });

  it('move to another VMA with their machines, but not under a running job', async () => {
    const source = await bench.source();
    const target = await bench.qemu();
    const added = await bench.call('discovery/add-vms', {
      body: { connectionId: source.id, targetConnectionId: target.id, vmIds: ['vm-1'] },
    });
    const contextId = (added.body['added'] as { id: string }[])[0]!.id;
    const move = (vmaId: string) =>
      bench.call(`connections/${source.id}`, { method: 'PATCH', body: { vmaId } });
    expect(problemOf(await move(bench.pendingVma)).code).toBe('config.missing');

    const job = await bench.job(contextId);
    const busy = await move(bench.otherVma);
    expect(busy.status).toBe(409);
    expect(problemOf(busy)).toEqual({ code: 'resource.busy', remedy: remedyOf('resource.busy') });
    expect((await bench.call(`vm-contexts/${contextId}`)).body['vmaId']).toBe(bench.approvedVma);
    await job.end();

    expect((await move(bench.otherVma)).body['vmaId']).toBe(bench.otherVma);
    expect((await bench.call(`vm-contexts/${contextId}`)).body['vmaId']).toBe(bench.otherVma);
    await until('it is told', () =>
      bench.facts.some(({ type, subject }) => type === 'context.changed' && subject === contextId),
    );
    await bench.call('discovery/discover-vms', { body: { connectionId: source.id } });
    expect(bench.gateway.openings.at(-1)).toMatchObject({ vmaId: bench.otherVma, session: source.id });
    expect(bench.gateway.closed).toContain(`${bench.approvedVma} ${source.id}`);
  });

  it('never show a secret: not in answers, not in what is stored, not in the log', async () => {
    expect(bench.gateway.openings.some(({ settings }) => settings['password'] === CANARY)).toBe(true);
    expect(bench.log).toContain('connecting with [redacted]');
    const seen = { answers: bench.told.join('\n'), stored: await bench.stored(), log: bench.log };
    for (const form of [CANARY, Buffer.from(CANARY).toString('base64'), CANARY.slice(0, 7)])
      for (const [where, text] of Object.entries(seen))
        expect([where, text.includes(form)]).toEqual([where, false]);
  });
});

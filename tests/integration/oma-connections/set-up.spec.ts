import { Connection, Job, PluginList, SECRET_MASK, TargetSetUp } from '@ossea/api-contract';
import { ERRORS } from '@ossea/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { ConnectionsBench, ENGINES, problemOf } from './bench.js';
import { CANARY } from './test-plugins.js';

const BASE = 'settings/careless-cloud';

describe.each(ENGINES)('the set-up of a target in three steps on %s', (engine) => {
  let bench: ConnectionsBench;
  beforeAll(async () => {
    bench = await ConnectionsBench.start(engine);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  const discover = async (more: object = {}) => {
    const answer = await bench.call(`${BASE}/discover-all`, {
      body: { credentials: { password: CANARY }, ...more },
    });
    expect(answer.status).toBe(200);
    return TargetSetUp.parse(answer.body);
  };
  const validate = async (setUpId: string, mood: string) => {
    const { status, headers, body } = await bench.call(`${BASE}/validate`, {
      body: { setUpId, selection: { mood } },
    });
    expect({ status, location: headers.get('location') }).toEqual({
      status: 202,
      location: (body as Job).links.self,
    });
    return Job.parse((await bench.call(`jobs/${(body as Job).id}?wait=20s`)).body);
  };

  it('finds everything in one call, keeps the credentials sealed, and shows masks', async () => {
    const setUp = await discover();
    expect(setUp.credentials).toEqual({ password: SECRET_MASK });
    expect(setUp.discovery.appliance).toEqual({ id: 'vm-1', name: 'appliance', how: 'by its UUID' });
    expect(setUp.discovery.resources.map(({ kind, problem }) => [kind, problem?.code])).toEqual([
      ['moods', undefined],
      ['hosts', 'peer.forbidden'],
    ]);
    expect((await bench.call(`${BASE}/set-ups/${setUp.id}`)).body).toEqual(setUp);
  });

  it('leads to a connection that was tried', async () => {
    const { id } = await discover();
    const job = await validate(id, 'calm');
    expect(job).toMatchObject({ kind: 'validate-set-up', state: 'succeeded', result: { overall: 'pass' } });
    expect(job.steps?.map(({ name, state }) => [name, state])).toEqual([['try-selection', 'succeeded']]);
    const again = TargetSetUp.parse((await bench.call(`${BASE}/set-ups/${id}`)).body);
    expect(again.validation).toMatchObject({ overall: 'pass', selection: { mood: 'calm' }, jobId: job.id });
    const saved = await bench.call(`${BASE}/save`, { body: { setUpId: id, name: `saved on ${engine}` } });
    expect(saved.status).toBe(201);
    const connection = Connection.parse(saved.body);
    expect(connection.settings).toEqual({ mood: 'calm', password: SECRET_MASK });
    expect((await bench.call(`connections/${connection.id}/test`, { method: 'POST' })).status).toBe(200);
    expect((await bench.call(`${BASE}/set-ups/${id}`)).status).toBe(404);
  });

  it('saves nothing that was not validated, or that fails', async () => {
    const { id } = await discover();
    const save = () => bench.call(`${BASE}/save`, { body: { setUpId: id, name: 'never' } });
    const refusal = { code: 'request.conflict', remedy: ERRORS['request.conflict'].remedy };
    expect(problemOf(await save())).toEqual(refusal);
    expect((await validate(id, 'refuses')).result).toMatchObject({ overall: 'fail' });
    expect(problemOf(await save())).toEqual(refusal);
  });

  it('looks again with the secret that it has, and forgets what was validated before', async () => {
    const { id } = await discover();
    await validate(id, 'calm');
    const again = await discover({ setUpId: id, credentials: { password: SECRET_MASK, account: 'other' } });
    expect(again).toMatchObject({ id, discovery: { facts: [{ title: 'Account', value: 'other' }] } });
    expect(again.validation).toBeUndefined();
  });

  it('keeps no validation of credentials that were changed while they were tried', async () => {
    const { id } = await discover();
    let open = (): void => undefined;
    bench.cloud.gate = new Promise<void>((resolve) => (open = resolve));
    const validating = validate(id, 'calm');
    await until('the trial has begun', async () => {
      const { items } = (await bench.call('jobs?state=running&kind=validate-set-up')).body as {
        items: object[];
      };
      return items.length === 1;
    });
    await discover({ setUpId: id, credentials: { password: SECRET_MASK, account: 'other' } });
    open();
    bench.cloud.gate = undefined;
    expect((await validating).problem).toMatchObject({ code: 'request.conflict' });
    const again = TargetSetUp.parse((await bench.call(`${BASE}/set-ups/${id}`)).body);
    expect(again.validation).toBeUndefined();
  });

  it('says what is wrong, and never the password', async () => {
    const refused = await bench.call(`${BASE}/discover-all`, {
      body: { credentials: { password: CANARY, account: 'locked' } },
    });
    expect(problemOf(refused).code).toBe('auth.rejected');
    const unknown = await bench.call(`${BASE}/discover-all`, { body: { credentials: { pass: CANARY } } });
    expect(problemOf(unknown).code).toBe('config.invalid');
    const { id } = await discover();
    expect((await validate(id, 'broken')).state).toBe('failed');
    const wrong = await bench.call(`${BASE}/validate`, { body: { setUpId: id, selection: { mod: 'calm' } } });
    expect(problemOf(wrong)).toMatchObject({
      code: 'config.invalid',
      fields: ['/selection/mood', '/selection/mod'],
    });
    expect(bench.told.join()).not.toContain(CANARY);
    expect(bench.log).not.toContain(CANARY);
    expect(await bench.stored()).not.toContain(CANARY);
  });

  it('is no way for a plugin without one, and none for a stranger', async () => {
    const none = await bench.call('settings/qemu-target/discover-all', { body: { credentials: {} } });
    expect(problemOf(none).code).toBe('plugin.unsupported');
    const stranger = await bench.call('settings/no-such/discover-all', { body: { credentials: {} } });
    expect(problemOf(stranger).code).toBe('plugin.unknown');
    const { id } = await discover();
    expect((await bench.call(`settings/qemu-target/set-ups/${id}`)).status).toBe(404);
  });

  it('draws its forms from the plugin', async () => {
    const { items } = PluginList.parse((await bench.call('plugins')).body);
    const drawn = items.find(({ id }) => id === 'careless-cloud')?.setUp;
    expect(drawn?.credentialsSchema).toMatchObject({ properties: { password: { secret: true } } });
    expect(drawn?.selectionSchema).toMatchObject({ properties: { mood: { type: 'string' } } });
  });
});

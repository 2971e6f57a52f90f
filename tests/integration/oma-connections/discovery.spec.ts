import { AddedVms, DiscoveredVms, VmContext, VmContextPage } from '@ossea/api-contract';
import { ERRORS, MigrationError, type ErrorCode } from '@ossea/errors';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { ContextViews } from '../../../apps/oma/src/discovery/context-views.js';
import { VmContext as VmContextRow } from '../../../apps/oma/src/discovery/vm-context.entity.js';
import { until } from '../../stack/probe.js';
import { ConnectionsBench, ENGINES, problemOf } from './bench.js';
import { machine } from './test-plugins.js';

const remedyOf = (code: ErrorCode) => ERRORS[code].remedy;

describe.each(ENGINES)('discovery on %s', (engine) => {
  let bench: ConnectionsBench;
  let target: { id: string };
  beforeAll(async () => {
    bench = await ConnectionsBench.start(engine);
    target = await bench.qemu();
  });
  afterEach(() => {
    bench.gateway.machines.clear();
    bench.gateway.pause = undefined;
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  const holds = (...machines: ReturnType<typeof machine>[]) => {
    for (const one of machines) bench.gateway.machines.set(one.id, one);
  };
  const discover = async (connectionId: string, more: object = {}) => {
    const answer = await bench.call('discovery/discover-vms', { body: { connectionId, ...more } });
    expect(answer.status).toBe(200);
    return DiscoveredVms.parse(answer.body);
  };
  const add = (connectionId: string, vmIds: string[], more: object = {}) =>
    bench.call('discovery/add-vms', {
      body: { connectionId, targetConnectionId: target.id, vmIds, ...more },
    });
  const added = async (...given: Parameters<typeof add>) => {
    const answer = await add(...given);
    expect([answer.status, answer.body]).toEqual([201, AddedVms.parse(answer.body)]);
    return AddedVms.parse(answer.body);
  };
  const failures = ({ failed }: AddedVms) =>
    failed.map(({ vmId, problem: { code, remedy } }) => ({ vmId, code, remedy }));
  const failure = (vmId: string, code: ErrorCode) => ({ vmId, code, remedy: remedyOf(code) });

  it('shows what a source holds, by name, and what of it is under management', async () => {
    const { id } = await bench.source();
    holds(machine('web'), machine('db', { name: 'DataBase', power: 'stopped' }));
    const all = await discover(id);
    expect(all.truncated).toBe(false);
    expect(all.items).toEqual([
      { id: 'vm-1', name: 'Machine', power: 'running' },
      { id: 'web', name: 'WEB', power: 'running' },
      { id: 'db', name: 'DataBase', power: 'stopped' },
    ]);
    const context = (await added(id, ['db'])).added[0]!;
    const some = await discover(id, { nameContains: 'dataB' });
    expect(some.items).toEqual([{ id: 'db', name: 'DataBase', power: 'stopped', contextId: context.id }]);
  });

  it('shows ten thousand machines, and says when there are more', async () => {
    const { id } = await bench.source();
    for (let i = 1; i < 10_000; i += 1) holds(machine(`many-${i}`));
    expect(await discover(id)).toMatchObject({ truncated: false, items: { length: 10_000 } });
    holds(machine('one-more'));
    expect(await discover(id)).toMatchObject({ truncated: true, items: { length: 10_000 } });
  });

  it('takes machines under management, in one job that tells of each', async () => {
    const { id } = await bench.source();
    const concern = {
      code: 'x.y',
      severity: 'blocker',
      message: 'No tools.',
      remedy: 'Install them.',
    } as const;
    const disk = (key: string, sizeBytes: number, boot = false) => ({
      key,
      backing: `b/${key}`,
      label: key,
      sizeBytes,
      boot,
    });
    holds(machine('odd', { disks: [disk('z', 0), disk('a', 513, true)], concerns: [concern] }));
    const { added: contexts, failed } = await added(id, ['odd', 'vm-1'], { placement: { format: 'qcow2' } });
    expect(failed).toEqual([]);
    expect(contexts.map(({ sourceVmId }) => sourceVmId)).toEqual(['odd', 'vm-1']);
    // what is wrong with a machine is shown, and does not keep it out
    expect(contexts[0]).toMatchObject({
      name: 'ODD',
      state: 'managed',
      sourceConnectionId: id,
      targetConnectionId: target.id,
      vmaId: bench.approvedVma,
      placement: { format: 'qcow2', accelerator: 'auto' },
      machine: { cpus: 2, firmware: 'uefi', concerns: [concern] },
      disks: [disk('z', 0), disk('a', 513, true)],
      generation: 1,
    });
    expect((await bench.call(`vm-contexts/${contexts[0]!.id}`)).body).toEqual(contexts[0]);

    const { body } = await bench.call('jobs?kind=add-vms&limit=1');
    const [job] = body['items'] as { id: string; state: string; category: string }[];
    expect(job).toMatchObject({ state: 'succeeded', category: 'discovery' });
    const { steps } = (await bench.call(`jobs/${job!.id}`)).body as { steps: object[] };
    expect(steps).toMatchObject([
      { label: 'Adding the machine odd', state: 'succeeded' },
      { label: 'Adding the machine vm-1', state: 'succeeded' },
    ]);
    const fact = await until('it is told', () =>
      bench.facts.find(({ type, subject }) => type === 'context.added' && subject === contexts[0]!.id),
    );
    expect((fact.data as { context: unknown }).context).toEqual(contexts[0]);
  });

  it('goes on with the others when one cannot be added', async () => {
    const { id } = await bench.source();
    const disk = machine('x').disks[0]!;
    holds(
      machine('twice'),
      machine('Twice'),
      machine('liar', { id: 'somebody-else' }),
      machine('twins', { disks: [disk, disk] }),
      machine('nameless', { disks: [{ ...disk, key: 'k'.repeat(192) }] }),
      machine('long', { name: 'n'.repeat(400), disks: [{ ...disk, label: 'l'.repeat(400) }] }),
      machine('bare', { disks: [], nics: [] }),
    );
    bench.gateway.machines.set('liar', machine('somebody-else'));
    await added(id, ['twice']);
    const vmIds = ['nobody', 'twice', 'liar', 'twins', 'nameless', 'Twice', 'long', 'bare', 'Twice'];
    const outcome = await added(id, vmIds);
    expect(failures(outcome)).toEqual([
      failure('nobody', 'resource.not-found'),
      failure('twice', 'resource.conflict'),
      failure('liar', 'plugin.broken-contract'),
      failure('twins', 'plugin.broken-contract'),
      failure('nameless', 'plugin.broken-contract'),
    ]);
    // sources may tell upper from lower case, whatever the database does
    expect(outcome.added.map(({ sourceVmId }) => sourceVmId)).toEqual(['Twice', 'long', 'bare']);
    expect(outcome.added[1]!.name).toHaveLength(255);
  });

  it('takes a machine once, also when many ask for it at the same moment', async () => {
    const { id } = await bench.source();
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => added(id, ['vm-1'])));
    expect(outcomes.flatMap((outcome) => outcome.added)).toHaveLength(1);
    expect(outcomes.flatMap(failures)).toEqual([1, 2, 3].map(() => failure('vm-1', 'resource.conflict')));
  });

  it('takes a machine again whose record is only history', async () => {
    const { id } = await bench.source();
    const contexts = bench.database.getRepository(VmContextRow);
    for (const state of ['released', 'migrated']) {
      const [context] = (await added(id, ['vm-1'])).added;
      await contexts.update({ id: context!.id }, { state, updatedAt: new Date() });
      expect((await discover(id)).items[0]).not.toHaveProperty('contextId');
    }
    expect((await added(id, ['vm-1'])).added).toHaveLength(1);
  });

  it.each([
    ['an unknown source', () => ({ connectionId: newId('con') }), 404, 'request.not-found', undefined],
    ['an unknown target', () => ({ targetConnectionId: newId('con') }), 404, 'request.not-found', undefined],
    ['a target as the source', () => ({ connectionId: target.id }), 404, 'request.not-found', undefined],
    [
      'a placement that does not fit',
      () => ({ placement: { format: 'vhd', pool: 'x' } }),
      422,
      'config.invalid',
      ['/placement/format', '/placement/pool'],
    ],
    ['no machine', () => ({ vmIds: [] }), 400, 'request.invalid', ['/vmIds']],
  ] as const)('refuses %s for all of them', async (_what, more, status, code, fields) => {
    const { id } = await bench.source();
    const answer = await add(id, ['vm-1'], more());
    expect(answer.status).toBe(status);
    expect(problemOf(answer)).toEqual({ code, remedy: remedyOf(code), ...(fields ? { fields } : {}) });
  });

  it('says for each machine why the target refuses its placement', async () => {
    const { id } = await bench.source();
    const outcome = await added(id, ['vm-1'], { placement: { network: 'no-such-network' } });
    expect(failures(outcome)).toEqual([failure('vm-1', 'config.invalid')]);
    expect(outcome.failed[0]!.problem).toMatchObject({
      cause: expect.stringContaining('no-such-network') as string,
      context: { finding: 'network.unmapped' },
    });
  });

  it('fails as a whole, job and answer alike, when the source cannot be reached', async () => {
    const { id } = await bench.source();
    for (const path of ['discovery/discover-vms', 'discovery/add-vms']) {
      bench.gateway.refusal = new MigrationError('auth.rejected', 'The account is locked.');
      const answer = path.endsWith('add-vms')
        ? await add(id, ['vm-1'])
        : await bench.call(path, { body: { connectionId: id } });
      expect(answer.status).toBe(422);
      expect(problemOf(answer)).toEqual({ code: 'auth.rejected', remedy: remedyOf('auth.rejected') });
    }
    const { body } = await bench.call('jobs?kind=add-vms&limit=1');
    expect(body['items']).toMatchObject([{ state: 'failed', problem: { code: 'auth.rejected' } }]);
  });

  it('stops when its job is cancelled, and says what was not added', async () => {
    const { id } = await bench.source();
    let goOn = (): void => undefined;
    bench.gateway.pause = new Promise((resolve) => (goOn = resolve));
    const answer = added(id, ['vm-1', 'vm-2']);
    const job = await until('the job runs', async () => {
      const { items } = (await bench.call('jobs?kind=add-vms&state=running')).body as {
        items: { id: string }[];
      };
      return items[0];
    });
    const cancelled = bench.call(`jobs/${job.id}/cancel`, { method: 'POST', body: {} });
    await until(
      'the wish is stored',
      async () => (await bench.call(`jobs/${job.id}`)).body['cancelRequested'],
    );
    goOn();
    expect((await cancelled).status).toBeLessThan(300);
    const { added: contexts, failed } = await answer;
    const said = failed.filter(({ problem }) => problem.code === 'call.aborted').map(({ vmId }) => vmId);
    expect([...contexts.map(({ sourceVmId }) => sourceVmId), ...said].sort()).toEqual(['vm-1', 'vm-2']);
    expect(said).toContain('vm-2');
  });

  it('does not add a machine to a connection that was removed at that moment', async () => {
    const { id } = await bench.source();
    let goOn = (): void => undefined;
    bench.gateway.pause = new Promise((resolve) => (goOn = resolve));
    const answer = added(id, ['vm-1']);
    await until('the source is asked', () => bench.gateway.openings.at(-1)?.session === id);
    await until('it is removed', async () => {
      const { status } = await bench.call(`connections/${id}`, { method: 'DELETE' });
      return status === 204;
    });
    goOn();
    expect(failures(await answer)).toEqual([failure('vm-1', 'request.not-found')]);
  });

  it('lists in pages, by state and by a part of the name', async () => {
    const { id } = await bench.source();
    const names = ['a_b one', 'axb two', 'A_B three', '50% off'];
    holds(...names.map((name, i) => machine(`listed-${i}`, { name })));
    await added(
      id,
      names.map((_name, i) => `listed-${i}`),
    );
    const list = async (query: string) =>
      VmContextPage.parse((await bench.call(`vm-contexts?${query}`)).body);
    const namesOf = async (query: string) => (await list(query)).items.map(({ name }) => name);
    // an underscore is an underscore, a percent sign is one
    expect(await namesOf('name=a_b')).toEqual(['A_B three', 'a_b one']);
    expect(await namesOf(`name=${encodeURIComponent('50% ')}`)).toEqual(['50% off']);
    expect(await namesOf('state=managed&name=axb')).toEqual(['axb two']);
    expect(await namesOf('state=in-sync&name=axb')).toEqual([]);
    const first = await list('limit=3');
    const second = await list(`limit=500&cursor=${first.page.next}`);
    expect(second.page.next).toBeUndefined();
    const all = await list('limit=500');
    expect([...first.items, ...second.items]).toEqual(all.items);
    expect((await bench.call('vm-contexts?limit=0')).status).toBe(400);
  });

  it('does not know a machine that is not there', async () => {
    const answer = await bench.call(`vm-contexts/${newId('ctx')}`);
    expect(answer.status).toBe(404);
    expect(problemOf(answer)).toEqual({ code: 'request.not-found', remedy: remedyOf('request.not-found') });
  });

  it('shows the job that runs for a machine, and what its transaction changes', async () => {
    const { id } = await bench.source();
    const [context] = (await added(id, ['vm-1'])).added;
    const get = async () => VmContext.parse((await bench.call(`vm-contexts/${context!.id}`)).body);
    const job = await bench.job(context!.id);
    expect((await get()).activeJobId).toBe(job.id);
    await job.end();
    expect((await get()).activeJobId).toBeUndefined();

    const views = bench.service(ContextViews);
    await bench.database.transaction(async (manager) => {
      const change = { state: 'preparing', updatedAt: new Date() };
      await manager.getRepository(VmContextRow).update({ id: context!.id }, change);
      expect((await views.viewOf(manager, context!.id)).state).toBe('preparing');
    });
    const all = await views.all();
    expect(all).toEqual(expect.arrayContaining([await get()]));
    expect(all.some(({ state }) => state === 'released')).toBe(false);
    expect(all.some(({ state }) => state === 'migrated')).toBe(true);
  });
});

import { NetworkMappingList, TargetNetworkList } from '@ossea/api-contract';
import { ERRORS } from '@ossea/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { until } from '../../stack/probe.js';
import { ConnectionsBench, ENGINES, problemOf } from './bench.js';

describe.each(ENGINES)('networks on %s', (engine) => {
  let bench: ConnectionsBench;
  let contextId = '';
  let targetId = '';
  let live = '';
  beforeAll(async () => {
    bench = await ConnectionsBench.start(engine);
    targetId = (await bench.qemu()).id;
    const { id } = await bench.source();
    const { body } = await bench.call('discovery/add-vms', {
      body: { connectionId: id, targetConnectionId: targetId, vmIds: ['vm-1'] },
    });
    contextId = (body['added'] as { id: string }[])[0]!.id;
    const networks = await bench.call(`networks/available?connectionId=${targetId}`);
    live = TargetNetworkList.parse(networks.body).items[0]!.ref;
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  const put = (body: object) =>
    bench.call('network-mappings', { method: 'PUT', body: { contextId, sourceNetwork: 'LAN', ...body } });
  const list = async () =>
    NetworkMappingList.parse((await bench.call(`network-mappings?contextId=${contextId}`)).body).items;

  it('are those of the target, now', async () => {
    const cloud = await bench.careless();
    const ask = async () =>
      TargetNetworkList.parse((await bench.call(`networks/available?connectionId=${cloud.id}`)).body).items;
    expect(await ask()).toEqual([{ ref: 'lan', name: 'LAN', isolated: false }]);
    bench.cloud.cloud.networks.set('n', { ref: 'n', key: '', name: 'New', isolated: true });
    expect(await ask()).toContainEqual({ ref: 'n', name: 'New', isolated: true });
  });

  it('are mapped one by one, replaced and unmapped', async () => {
    expect(await list()).toEqual([]);
    const answer = await put({ liveNetwork: live, testNetwork: live });
    expect([answer.status, answer.body]).toEqual([
      200,
      { contextId, sourceNetwork: 'LAN', liveNetwork: live, testNetwork: live },
    ]);
    await put({ sourceNetwork: 'DMZ', liveNetwork: live });
    await put({ testNetwork: live });
    expect(await list()).toEqual([
      { contextId, sourceNetwork: 'DMZ', liveNetwork: live },
      { contextId, sourceNetwork: 'LAN', testNetwork: live },
    ]);
    await put({});
    expect((await list()).at(-1)).toEqual({ contextId, sourceNetwork: 'LAN' });
    const told = () => bench.facts.filter(({ type }) => type === 'network-mapping.changed').length;
    await until('every change is told', () => told() === 4);
  });

  it('are mapped once, also when many map one for the first time', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(() => put({ sourceNetwork: 'rush', liveNetwork: live })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await list()).filter(({ sourceNetwork }) => sourceNetwork === 'rush')).toHaveLength(1);
  });

  it('that the target does not have are refused, field by field', async () => {
    const answer = await put({ liveNetwork: 'nowhere', testNetwork: 'nowhere-else' });
    expect(answer.status).toBe(422);
    expect(problemOf(answer)).toEqual({
      code: 'config.invalid',
      remedy: ERRORS['config.invalid'].remedy,
      fields: ['/liveNetwork', '/testNetwork'],
    });
  });

  it.each([
    ['of an unknown machine', () => put({ contextId: newId('ctx'), liveNetwork: live })],
    ['of an unknown machine, asked for', () => bench.call(`network-mappings?contextId=${newId('ctx')}`)],
    ['of an unknown target', () => bench.call(`networks/available?connectionId=${newId('con')}`)],
  ])('%s are not found', async (_what, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(404);
    expect(problemOf(answer)).toEqual({
      code: 'request.not-found',
      remedy: ERRORS['request.not-found'].remedy,
    });
  });

  it('need an id that is one, and a network that is named', async () => {
    expect(problemOf(await bench.call('networks/available?connectionId=x'))).toMatchObject({
      code: 'request.invalid',
      fields: ['/query/connectionId'],
    });
    expect(problemOf(await put({ sourceNetwork: '' }))).toMatchObject({
      code: 'request.invalid',
      fields: ['/sourceNetwork'],
    });
  });
});

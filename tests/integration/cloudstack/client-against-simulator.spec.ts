import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ApiFault,
  OutcomeUnknown,
  successSchema,
  tagSchema,
  virtualMachineSchema,
  volumeSchema,
  zoneSchema,
  type CloudstackClient,
} from '../../../plugins/cloudstack/src/client/index.js';
import { faultToError } from '../../../plugins/cloudstack/src/fault-to-error.js';
import { SetUpBench } from './set-up-bench.js';

const call = { signal: new AbortController().signal };
let bench: SetUpBench;
let client: CloudstackClient;
beforeAll(async () => {
  bench = await SetUpBench.start({ pageSize: 20 });
  client = bench.client();
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );
const create = (name: string, more: object = {}) => {
  const { ids } = bench.simulator;
  const params = { name, size: 1, diskofferingid: ids.customDiskOffering, zoneid: ids.zone };
  return client.job('createVolume', params, volumeSchema, { ...call, ...more });
};
const remove = (id: string) => client.write('deleteVolume', { id }, successSchema, call);
const named = (name: string) => client.list('listVolumes', { name }, volumeSchema, call);

it('is accepted with values that encoders disagree about, by GET and by POST', async () => {
  const name = `a b+c/d=e&f ~*!'()" zürich-日本`;
  const volume = await create(name);
  expect(volume).toMatchObject({ name, state: 'Allocated', type: 'DATADISK' });
  expect((await named(name)).map(({ id }) => id)).toEqual([volume.id]);
  const tags = [{ key: 'ossea-key', value: `~*'` }];
  const params = { resourceids: [volume.id], resourcetype: 'Volume', tags };
  expect(await client.job('createTags', params, successSchema, call)).toMatchObject({ success: true });
  expect(await client.list('listTags', { resourceid: volume.id }, tagSchema, call)).toMatchObject(tags);
  await remove(volume.id);
});

it('is accepted with names that differ in case', async () => {
  const { ids } = bench.simulator;
  const machine = await client.job(
    'deployVirtualMachine',
    {
      name: 'differs-in-case',
      zoneid: ids.zone,
      templateid: ids.template,
      serviceofferingid: ids.customOffering,
      networkids: [ids.production],
      startvm: false,
      boottype: 'UEFI',
      bootmode: 'LEGACY',
      details: [{ cpuNumber: 1, memory: 256, rootDiskController: 'virtio' }],
    },
    virtualMachineSchema,
    call,
  );
  expect(machine).toMatchObject({ state: 'Stopped', boottype: 'Uefi' });
  const expunge = { id: machine.id, expunge: true };
  await client.job('destroyVirtualMachine', expunge, virtualMachineSchema, call);
});

it('gives all of a list whatever the server allows at once', async () => {
  const made: { readonly id: string }[] = [];
  for (let i = 0; i < 45; i += 1) made.push(await create(`many-${i}`));
  const found = await client.list('listVolumes', { keyword: 'many-' }, volumeSchema, call);
  expect(found.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
  for (const { id } of made) await remove(id);
  expect(await client.list('listVolumes', { keyword: 'many-' }, volumeSchema, call)).toEqual([]);
});

it('tells wrong keys, a wrong secret, and what does not exist', async () => {
  const wrong = bench.client('user', { secretKey: 'wrong' });
  const refused = await failure(wrong.list('listZones', {}, zoneSchema, call));
  expect(faultToError(refused).code).toBe('auth.rejected');
  await wrong[Symbol.asyncDispose]();
  const unknown = '00000000-0000-4000-8000-000000000000';
  const missing = await failure(client.list('listVolumes', { id: unknown }, volumeSchema, call));
  expect(faultToError(missing).code).toBe('resource.not-found');
  const forbidden = await failure(client.read('listHosts', {}, volumeSchema, call));
  expect(['auth.rejected', 'peer.forbidden']).toContain(faultToError(forbidden).code);
});

it('writes where the server wants POST for that', async () => {
  bench.simulator.settings.enforcePost = true;
  const volume = await create('by-post');
  await remove(volume.id);
  bench.simulator.settings.enforcePost = false;
});

it('waits when it is throttled, and gets through', async () => {
  bench.simulator.settings.throttle = { max: 4, intervalMs: 300 };
  const before = client.requestCount;
  for (let i = 0; i < 10; i += 1) await client.list('listZones', {}, zoneSchema, call);
  bench.simulator.settings.throttle = undefined;
  expect(client.requestCount - before).toBeGreaterThan(10);
});

it('does not know whether a volume was made when the answer is lost, and it was', async () => {
  bench.simulator.inject({ command: 'createVolume', kind: 'answer-lost' });
  const error = await failure(create('lost'));
  expect(error).toBeInstanceOf(OutcomeUnknown);
  expect(faultToError(error)).toMatchObject({ code: 'outcome.unknown', recovery: 'retry' });
  const [volume] = await named('lost');
  await remove(volume!.id);
});

it('tells a job that fails, and one that never ends, with the id of what it makes', async () => {
  bench.simulator.inject({ command: 'createVolume', kind: 'job-fails', text: 'no room' });
  expect(await failure(create('fails'))).toMatchObject({ name: 'ApiFault', inJob: true, text: 'no room' });
  bench.simulator.inject({ command: 'createVolume', kind: 'job-never-ends' });
  const started: { id?: string }[] = [];
  const onStarted = (one: { id?: string }) => started.push(one);
  const error = await failure(create('endless', { deadlineMs: 200, onStarted }));
  expect(error).toBeInstanceOf(OutcomeUnknown);
  const [volume] = await named('endless');
  expect(started).toMatchObject([{ id: volume!.id }]);
  await remove(volume!.id);
  for (const { id } of await named('fails')) await remove(id);
});

it('reads again at an error of the server and behind a proxy, and writes once', async () => {
  bench.simulator.inject({ command: 'listZones', kind: 'error', status: 530, times: 2 });
  expect(await client.list('listZones', {}, zoneSchema, call)).not.toEqual([]);
  bench.simulator.inject({ command: 'listZones', kind: 'html', status: 502 });
  expect(await client.list('listZones', {}, zoneSchema, call)).not.toEqual([]);
  bench.simulator.inject({ command: 'createVolume', kind: 'error', status: 530, times: 1 });
  expect(await failure(create('once'))).toBeInstanceOf(ApiFault);
  expect(await named('once')).toEqual([]);
});

it('left nothing behind, and broke no rule', () => {
  expect(bench.trialVolumes).toEqual([]);
  expect(bench.simulator.violations()).toEqual([]);
  const unknown = bench.simulator
    .requests()
    .flatMap(({ command, unknown: names }) => (names.length > 0 ? [[command, names]] : []));
  expect(unknown).toEqual([]);
});

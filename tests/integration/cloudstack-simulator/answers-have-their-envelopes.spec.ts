import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';
import { rawRequest } from './raw-request.js';

let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start();
  for (let n = 0; n < 7; n += 1) await cloud.volume(`paged-${n}`);
});
afterEach(() => {
  Object.assign(cloud.simulator.settings, { pageSize: 500, throttle: undefined });
  cloud.simulator.permit('listZones');
});
afterAll(() => cloud?.[Symbol.asyncDispose]());

const send = (parameters: Record<string, string>) => rawRequest(cloud.simulator, parameters);

describe('a list', () => {
  it('that is empty has neither a count nor an array', async () => {
    const { text, contentType } = await send({ command: 'listSnapshots' });
    expect(text).toBe('{"listsnapshotsresponse":{}}');
    expect(contentType).toBe('application/json; charset=UTF-8');
  });

  it('comes in pages, and past the last with a count alone', async () => {
    const page = (n: number) => send({ command: 'listVolumes', page: String(n), pagesize: '5' });
    // the appliance's root is one of them
    expect((await page(1)).body).toMatchObject({ count: 8, volume: { length: 5 } });
    expect((await page(2)).body).toMatchObject({ count: 8, volume: { length: 3 } });
    expect((await page(3)).text).toBe('{"listvolumesresponse":{"count":8}}');
  });

  it('is cut off silently where no page was asked for', async () => {
    cloud.simulator.settings.pageSize = 4;
    expect((await send({ command: 'listVolumes' })).body).toMatchObject({ count: 8, volume: { length: 4 } });
    const refusal = await send({ command: 'listVolumes', page: '1', pagesize: '5' });
    expect(refusal).toMatchObject({
      status: 431,
      body: { cserrorcode: 4350, errortext: "Page size can't exceed max allowed page size value: 4" },
    });
  });

  it('needs a page with a page size, and the other way round', async () => {
    expect(await send({ command: 'listVolumes', pagesize: '5' })).toMatchObject({
      status: 431,
      body: { errortext: '"page" parameter is required when "pagesize" is specified' },
    });
    expect(await send({ command: 'listVolumes', page: '1' })).toMatchObject({
      status: 431,
      body: { errortext: '"pagesize" parameter is required when "page" is specified' },
    });
  });

  it('is walked by a client that is none of ours', async () => {
    cloud.simulator.settings.pageSize = 500;
    expect(await cloud.cs.call('listVolumes', { fetch_list: true })).toHaveLength(8);
    expect(await cloud.cs.call('listSnapshots', { fetch_list: true })).toHaveLength(0);
  });
});

describe('an answer', () => {
  it('is XML unless JSON is asked for', async () => {
    const { contentType, text } = await send({ command: 'listZones', name: 'zone-1', response: 'xml' });
    expect(contentType).toContain('text/xml');
    expect(text).toMatch(/<listzonesresponse cloud-stack-version="4\.22\.1\.0"><count>1<\/count><zone><id>/);
  });

  it('of a refusal names the command and the words, in its header too', async () => {
    const text = 'Unable to execute API command listtemplates due to missing parameter templatefilter';
    expect(await send({ command: 'listTemplates' })).toMatchObject({
      status: 431,
      description: text,
      envelope: 'listtemplatesresponse',
      body: { uuidList: [], errorcode: 431, cserrorcode: 9999, errortext: text },
    });
  });

  it('refuses what is no number, what is no id, and what cannot be read', async () => {
    const id = '5e3f0f4e-0000-4000-8000-000000000000';
    const refused = async (parameters: Record<string, string>) => {
      const { status, body } = await send(parameters);
      return `${status} ${String(body['errortext'])}`;
    };
    expect(await refused({ command: 'listVolumes', page: 'one', pagesize: '1' })).toBe(
      '431 Unable to execute API command listvolumes due to invalid value one for parameter page',
    );
    expect(await refused({ command: 'listVolumes', id })).toContain(
      `431 Unable to execute API command listvolumes due to invalid value. Invalid parameter id value=${id} ` +
        'due to incorrect long value format, or entity does not exist',
    );
    expect(await refused({ command: 'listVolumes', 'tags[x].key': 'a' })).toContain(
      '430 Unable to decode parameter',
    );
    expect(await refused({ command: 'listVolumes', 'tags[0][1].key': 'a' })).toContain('430 ');
    expect(await refused({ command: 'listZones', name: 'a\u0007b' })).toBe(
      '431 Received value containing illegal ASCII non-printable characters for parameter name',
    );
  });

  it('takes names in any case, but for the three that are looked up as they are', async () => {
    expect((await send({ command: 'listZones', NAME: 'zone-2' })).body).toMatchObject({ count: 1 });
    expect((await send({ command: 'listVolumes', projectid: '-1' })).body).toEqual({});
    expect((await send({ command: 'listVolumes', ProjectId: '-1' })).body).toMatchObject({ count: 8 });
  });
});

describe('a user', () => {
  it('lacks the commands of operators, and those that were withdrawn', async () => {
    const missing = async (command: string) => (await cloud.cs.refused(command)).error;
    const text = (command: string) =>
      `The given command '${command}' either does not exist, is not available for user.`;
    expect(await missing('listHosts')).toMatchObject({ errorcode: 401, errortext: text('listHosts') });
    cloud.simulator.withdraw('listZones');
    expect(await missing('listZones')).toMatchObject({ errorcode: 401, errortext: text('listZones') });
    const names = (await cloud.cs.call('listApis')).api.map(({ name }: { name: string }) => name);
    expect(names).toContain('attachVolume');
    expect(names).not.toContain('listHosts');
    expect(names).not.toContain('listZones');
    const { admin: keys } = cloud.simulator.keys;
    expect((await cloud.cs.call('listHosts', {}, { keys })).host[0].ueficapability).toBe(true);
  });

  it('sees what is its own, and a root admin everything that it asks for', async () => {
    const { admin, stranger } = cloud.simulator.keys;
    expect(await cloud.cs.call('listVolumes', { listall: true }, { keys: stranger })).toEqual({});
    expect(await cloud.cs.call('listVolumes', {}, { keys: admin })).toEqual({});
    expect((await cloud.cs.call('listVolumes', { listall: true }, { keys: admin })).count).toBe(8);
    const id = cloud.simulator.applianceVmId;
    expect(await cloud.cs.call('listVirtualMachines', { id }, { keys: stranger })).toEqual({});
    const refusal = await cloud.cs.refused('stopVirtualMachine', { id }, { keys: stranger });
    expect([refusal.status, refusal.error.cserrorcode]).toEqual([531, 4365]);
  });

  it('waits when it asked too often; a root admin never does', async () => {
    cloud.simulator.settings.throttle = { max: 2, intervalMs: 60_000 };
    for (let n = 0; n < 2; n += 1) await cloud.cs.call('listZones');
    const { status, error } = await cloud.cs.refused('listZones');
    expect([status, error.cserrorcode]).toEqual([429, 4545]);
    expect(error.errortext).toMatch(/please retry after \[\d+\] ms\./);
    const { admin: keys } = cloud.simulator.keys;
    for (let n = 0; n < 5; n += 1) await cloud.cs.call('listZones', {}, { keys });
    expect((await cloud.cs.call('listCapabilities', {}, { keys })).capability).toMatchObject({
      apilimitmax: 2,
      apilimitinterval: 60,
    });
  });
});

it('keeps every request, without what is secret', async () => {
  await cloud.cs.call('listOsTypes', { description: 'Windows PV' }, { method: 'post' });
  const last = cloud.simulator.requests().at(-1)!;
  expect(last).toMatchObject({ command: 'listOsTypes', account: 'migration', method: 'POST', answered: 200 });
  expect(last.parameters).toMatchObject({ description: 'Windows PV' });
  expect(JSON.stringify(cloud.simulator.requests())).not.toContain(cloud.simulator.keys.user.apiKey);
  expect(cloud.simulator.violations()).toEqual([]);
});

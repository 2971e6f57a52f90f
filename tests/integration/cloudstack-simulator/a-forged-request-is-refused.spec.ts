import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';
import { lowerThenSort, rawRequest } from './raw-request.js';

let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start();
});
afterEach(() => Object.assign(cloud.simulator.settings, { clockSkewMs: 0, enforcePost: false }));
afterAll(() => cloud?.[Symbol.asyncDispose]());

const MINUTE_MS = 60_000;
const inMinutes = (minutes: number): Date => new Date(Date.now() + minutes * MINUTE_MS);
const iso = (date: Date): string => date.toISOString();
const status = async (...request: Parameters<typeof rawRequest> extends [unknown, ...infer R] ? R : never) =>
  (await rawRequest(cloud.simulator, ...request)).status;
const expiring = (expires: string) => status({ command: 'listZones', signatureVersion: '3', expires });

describe('a signature', () => {
  it('is made over names in the order of their case', async () => {
    const parameters = {
      command: 'listVirtualMachines',
      'details[0].UEFI': 'LEGACY',
      'details[0].cpuNumber': '2',
    };
    expect(await status(parameters)).toBe(200);
    expect(await status(parameters, { stringToSign: lowerThenSort })).toBe(401);
  });

  it('covers the name and the value of every parameter', async () => {
    const command = 'listZones';
    const unsigned = { unsignedFirst: [['name', 'zone-1']] } as const;
    expect(await status({ command }, unsigned)).toBe(401);
    // of a name that is given twice the first value counts
    expect(await status({ command, name: 'zone-2' }, unsigned)).toBe(401);
    expect(await status({ command, name: 'zone-1' }, { unsignedFirst: [['name', 'zone-1']] })).toBe(200);
  });

  it('needs a key that exists', async () => {
    const answer = await rawRequest(cloud.simulator, { command: 'listZones', apiKey: 'nobody' });
    expect(answer).toMatchObject({
      status: 401,
      envelope: 'listzonesresponse',
      body: { errorcode: 401, errortext: 'unable to verify user credentials and/or request signature' },
    });
    expect(answer.description).toBe(answer.body['errortext']);
  });

  it('of a command that does not exist is refused in the same words', async () => {
    expect(await rawRequest(cloud.simulator, { command: 'listEverything' })).toMatchObject({
      status: 401,
      envelope: 'errorresponse',
      body: { errortext: 'unable to verify user credentials and/or request signature' },
    });
    expect(await rawRequest(cloud.simulator, { command: 'ListZones' })).toMatchObject({ status: 401 });
  });

  it('holds for parameters of query and form alike, and the query counts first', async () => {
    const split = { method: 'POST', inForm: (name: string) => name === 'name' } as const;
    const answer = await rawRequest(cloud.simulator, { command: 'listZones', name: 'zone-1' }, split);
    expect(answer).toMatchObject({ status: 200, body: { count: 1 } });
  });
});

describe('the end of a request', () => {
  it.each([
    ['with Z', () => iso(inMinutes(10))],
    ['without a fraction', () => iso(inMinutes(10)).replace(/\.\d+/, '')],
    ['with a numeric offset', () => iso(inMinutes(10)).replace(/\.\d+Z/, '+0000')],
    ['with an offset of colons', () => iso(inMinutes(340)).replace(/\.\d+Z/, '+05:30')],
    ['with microseconds', () => iso(inMinutes(10)).replace(/\.\d+Z/, '.000000+00')],
    ['in the old way', () => iso(inMinutes(10)).replace(/\.\d+Z/, 'Z+0000')],
  ])('is read %s', async (_title, expires) => {
    expect(await expiring(expires())).toBe(200);
  });

  it.each([
    ['is over', () => iso(inMinutes(-1))],
    ['is no date', () => 'tomorrow'],
    ['is no date of the calendar', () => '2999-02-31T00:00:00Z'],
    ['has no offset', () => iso(inMinutes(10)).replace(/\.\d+Z/, '')],
    ['is over where it is', () => iso(inMinutes(10)).replace(/\.\d+Z/, '+05:30')],
  ])('refuses the request when it %s', async (_title, expires) => {
    expect(await expiring(expires())).toBe(401);
  });

  it('is required with version 3, and ignored without', async () => {
    expect(await status({ command: 'listZones', signatureVersion: '3' })).toBe(401);
    expect(await status({ command: 'listZones', expires: iso(inMinutes(-1)) })).toBe(200);
  });

  it('is judged by the server clock', async () => {
    cloud.simulator.settings.clockSkewMs = 11 * MINUTE_MS;
    expect(await expiring(iso(inMinutes(10)))).toBe(401);
    expect(await expiring(iso(inMinutes(12)))).toBe(200);
    const refusal = await cloud.cs.refused('listZones');
    expect(refusal.status).toBe(401);
  });

  it('may not be far away when it is enforced, and changes need POST', async () => {
    cloud.simulator.settings.enforcePost = true;
    expect(await status({ command: 'listZones' })).toBe(401);
    expect(await expiring(iso(inMinutes(14)))).toBe(200);
    expect(await expiring(iso(inMinutes(16)))).toBe(401);
    const made = { diskofferingid: cloud.simulator.ids.customDiskOffering, zoneid: cloud.simulator.ids.zone };
    const refusal = await cloud.cs.refused('createVolume', { ...made, size: 1 });
    expect(refusal.status).toBe(405);
    await cloud.cs.call('createVolume', { ...made, size: 1 }, { method: 'post' });
  });
});

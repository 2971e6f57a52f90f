import { inspect } from 'node:util';
import { certify } from '@ossea/plugin-sdk/testing';
import { z, type Logger } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ApiFault, CloudstackClient, OutcomeUnknown, successSchema, zoneSchema } from './index.js';
import { API_KEY, QuickClock, SECRET_KEY, SmallApi, clientOf } from './testing/small-api.js';

const call = { signal: new AbortController().signal };
const ZONE = { id: 'z1', name: 'Zone One' };
const zones = z.array(zoneSchema);
let api: SmallApi;
let clock: QuickClock;
let client: CloudstackClient;

beforeEach(async () => {
  api = new SmallApi();
  clock = new QuickClock();
  client = clientOf(await api.listen(), clock);
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api.close();
});

const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );

it('reads by GET and writes by POST, signed, and counts what it has sent', async () => {
  api.on('listZones', { count: 1, zone: [ZONE] }).on('deleteVolume', { success: 'true' });
  expect(await client.read('listZones', { name: `a b~!'()*ü` }, zones, call)).toEqual([ZONE]);
  expect(await client.write('deleteVolume', { id: 'v' }, successSchema, call)).toEqual({ success: true });
  expect(api.asked.map(({ method, url }) => [method, url.split('?')[0]])).toEqual([
    ['GET', '/client/api'],
    ['POST', '/client/api'],
  ]);
  expect(api.asked[1]?.url).not.toContain('?');
  expect(api.asked[0]?.parameters).toMatchObject({ response: 'json', name: `a b~!'()*ü` });
  expect(api.asked[0]?.parameters['expires']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
  expect(client.requestCount).toBe(2);
});

it('sends a long read by POST', async () => {
  api.on('listZones', { count: 1, zone: [ZONE] });
  const ids = Array.from({ length: 200 }, (_, i) => `id-of-some-length-${i}`);
  await client.read('listZones', { ids }, zones, call);
  expect(api.asked[0]).toMatchObject({ method: 'POST', parameters: { ids: ids.join(',') } });
});

it('adds the project to commands that have one, unless the call says which', async () => {
  client = clientOf(api.url, clock, { projectId: 'p1' });
  api.on('listVolumes', { volume: [] }).on('listZones', { zone: [] }).on('assignVolume', { volume: {} });
  const any = z.unknown();
  await client.read('listVolumes', {}, any, call);
  await client.read('listVolumes', { projectid: '-1' }, any, call);
  await client.read('listVolumes', { projectid: undefined }, any, call);
  await client.read('listZones', {}, any, call);
  await client.write('assignVolume', { accountid: 'a' }, any, call);
  expect(api.asked.map(({ parameters }) => parameters['projectid'])).toEqual(['p1', '-1', ...Array(3)]);
});

it.each([
  ['an object', 'listCapabilities', { capability: { a: 1 } }, { a: 1 }],
  ['a list under a key that nobody could guess', 'listVMSnapshot', { count: 1, vmSnapshot: [{}] }, [{}]],
  [
    'a flat answer',
    'deleteVolume',
    { success: true, displaytext: 'gone' },
    { success: true, displaytext: 'gone' },
  ],
])('unwraps %s', async (_what, command, content, expected) => {
  api.on(command, content);
  expect(await client.read(command, {}, z.unknown(), call)).toEqual(expected);
});

it('waits as long as a throttled account is told to, also with a write', async () => {
  const throttled = {
    fault: 429,
    text: 'The given user has reached his/her account api limit, please retry after [730] ms.',
  };
  api.on('listZones', throttled, { zone: [ZONE] }).on('deleteVolume', throttled, { success: true });
  await client.read('listZones', {}, zones, call);
  await client.write('deleteVolume', { id: 'v' }, successSchema, call);
  expect(clock.waits).toEqual([780, 780]);
});

it.each([
  ['530', { fault: 530, text: 'Internal error' }],
  ['503', { fault: 503, text: 'Maintenance or Shutdown has been initiated' }],
  ['a proxy without its server', { raw: '<html>Bad gateway</html>', status: 502 }],
  ['a lost connection', 'drop' as const],
  ['half an answer', { raw: '{"listzonesresponse":{"zo', type: 'application/json' }],
])('reads again after %s', async (_what, trouble) => {
  api.on('listZones', trouble, trouble, { zone: [ZONE] });
  expect(await client.read('listZones', {}, zones, call)).toEqual([ZONE]);
  expect(api.count('listZones')).toBe(3);
});

it('gives up at last', async () => {
  api.on('listZones', { fault: 530, text: 'Internal error' });
  expect(await failure(client.read('listZones', {}, zones, call))).toMatchObject({
    errorCode: 530,
    inJob: false,
  });
  api.on('listZones', 'drop');
  expect(await failure(client.read('listZones', {}, zones, call))).toMatchObject({
    code: 'peer.unreachable',
  });
  expect(api.count('listZones')).toBe(6);
});

it.each([
  ['its answer is lost', 'drop' as const],
  ['a proxy answers in its place', { raw: '<html>Gateway timeout</html>', status: 504 }],
  ['half of it comes', { raw: '{"deletevol', type: 'application/json' }],
])('sends a write once, and says that nobody knows when %s', async (_what, trouble) => {
  api.on('deleteVolume', trouble);
  const error = await failure(client.write('deleteVolume', { id: 'v' }, successSchema, call));
  expect(error).toBeInstanceOf(OutcomeUnknown);
  expect(api.count('deleteVolume')).toBe(1);
});

it('says that nobody knows when the answer to a write is not as expected', async () => {
  api.on('createNetwork', { network: { name: 'without an id' } });
  const schema = z.object({ id: z.string() });
  expect(await failure(client.write('createNetwork', {}, schema, call))).toMatchObject({
    name: 'OutcomeUnknown',
    command: 'createNetwork',
    cause: { code: 'peer.protocol' },
  });
});

it('knows that a write was not carried out when there never was a connection', async () => {
  const nowhere = clientOf('http://127.0.0.1:1/client/api', clock);
  expect(await failure(nowhere.write('deleteVolume', {}, successSchema, call))).toMatchObject({
    code: 'peer.unreachable',
    message: expect.stringContaining('ECONNREFUSED') as string,
  });
  expect(nowhere.requestCount).toBe(3);
  await nowhere[Symbol.asyncDispose]();
});

it('tells what the server refuses: code, words, and whether it was in a job', async () => {
  api.on('deleteVolume', { fault: 431, text: 'Please specify a volume that is not attached to any VM.' });
  expect(await failure(client.write('deleteVolume', {}, successSchema, call))).toMatchObject({
    httpStatus: 431,
    errorCode: 431,
    csErrorCode: 4350,
    text: 'Please specify a volume that is not attached to any VM.',
    command: 'deleteVolume',
    inJob: false,
  });
  api.on('deleteVolume', { success: 'false', displaytext: 'Failed to delete volume' });
  expect(await failure(client.write('deleteVolume', {}, successSchema, call))).toMatchObject({
    errorCode: 530,
    text: 'Failed to delete volume',
  });
});

it('measures the clocks, and says so in a refusal', async () => {
  api.date = new Date(Date.now() - 17 * 60_000).toUTCString();
  api.on('listZones', { fault: 401, text: 'unable to verify user credentials and/or request signature' });
  const fault = await failure(client.read('listZones', {}, zones, call));
  expect((fault as ApiFault).clockSkewMs! / 60_000).toBeCloseTo(17, 0);
  expect(client.clockSkewMs! / 60_000).toBeCloseTo(17, 0);
});

it.each([
  ['a web page', { raw: '<!DOCTYPE html><html>Welcome</html>' }, /page and not with JSON \(200\)/],
  ['a web page that is not there', { raw: '<html>404</html>', status: 404 }, /\(404\).*client\/api/],
  ['XML', { raw: '<?xml version="1.0"?><x/>', type: 'text/xml' }, /not with JSON/],
  ['JSON of something else', { raw: '{"a":1,"b":2}', type: 'application/json' }, /not answered listZones as/],
  [
    'a redirection, whose address may hold the signature',
    { raw: '', status: 302, headers: { location: 'https://elsewhere.example/client/api?signature=abc' } },
    /to https:\/\/elsewhere\.example\/client\/api\)/,
  ],
])('does not take %s for CloudStack', async (_what, told, message) => {
  api.on('listZones', told);
  expect(await failure(client.read('listZones', {}, zones, call))).toMatchObject({
    code: 'peer.protocol',
    message: expect.stringMatching(message) as string,
  });
});

it('names the fields that are not as expected, and not what they hold', async () => {
  api.on('listZones', { zone: [{ id: 7, name: 'n4me' }] });
  const error = await failure(client.read('listZones', {}, zones, call));
  expect(error).toMatchObject({ code: 'peer.protocol', message: expect.stringContaining('0.id') as string });
  expect(inspect(error)).not.toContain('n4me');
});

it('tells neither key nor signature, whoever quotes them', async () => {
  const lines: unknown[] = [];
  const note = (...line: unknown[]) => void lines.push(line);
  const log: Logger = { debug: note, info: note, warn: note, error: note };
  client = clientOf(api.url, clock, { log });
  const quoting = { fault: 530, text: `no user has ${API_KEY} and ${SECRET_KEY}` };
  api.on('listZones', quoting).on('deleteVolume', quoting);
  const errors = [
    await failure(client.read('listZones', {}, zones, call)),
    await failure(client.write('deleteVolume', {}, successSchema, call)),
  ];
  api.on('listZones', 'drop').on('deleteVolume', 'drop');
  errors.push(
    await failure(client.read('listZones', {}, zones, call)),
    await failure(client.write('deleteVolume', {}, successSchema, call)),
  );
  const everything = inspect([errors, lines], { depth: 20, showHidden: true });
  const signatures = api.asked.map(({ parameters }) => parameters['signature']!);
  for (const secret of [API_KEY, SECRET_KEY, encodeURIComponent(API_KEY), ...signatures])
    expect(everything).not.toContain(secret);
  expect(everything).not.toContain('/client/api?');
});

it('checks who answers before it sends anything over https', async () => {
  const tls = new SmallApi(certify({ name: 'acs', names: ['127.0.0.1'] }));
  const stranger = clientOf(await tls.listen(), clock);
  expect(await failure(stranger.read('listZones', {}, zones, call))).toMatchObject({
    code: 'peer.untrusted',
  });
  expect(tls.asked).toEqual([]);
  await stranger[Symbol.asyncDispose]();
  const plain = clientOf(api.url.replace('http:', 'https:'), clock);
  expect(await failure(plain.read('listZones', {}, zones, call))).toMatchObject({
    code: 'peer.protocol',
    message: expect.stringContaining('http://') as string,
  });
  await plain[Symbol.asyncDispose]();
  await tls.close();
});

it('an abort ends a read at once, and everything once the client is closed', async () => {
  api.on('listZones', 'silence');
  const controller = new AbortController();
  const waiting = failure(client.read('listZones', {}, zones, controller));
  controller.abort();
  expect(await waiting).toMatchObject({ code: 'call.aborted' });
  await client[Symbol.asyncDispose]();
  expect(await failure(client.read('listZones', {}, zones, call))).toMatchObject({ code: 'call.aborted' });
});

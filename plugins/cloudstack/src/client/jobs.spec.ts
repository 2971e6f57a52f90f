import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { successSchema, volumeSchema, type CloudstackClient } from './index.js';
import { POLL_DELAYS_MS } from './job-poller.js';
import { QuickClock, SmallApi, clientOf } from './testing/small-api.js';

const call = { signal: new AbortController().signal };
const VOLUME = { id: 'v1', name: 'data', type: 'DATADISK', state: 'Allocated' };
const PENDING = { jobid: 'j1', jobstatus: 0, jobprocstatus: 0, jobresultcode: 0, cmd: 'CreateVolumeCmd' };
const DONE = { ...PENDING, jobstatus: 1, jobresult: { volume: VOLUME } };
let api: SmallApi;
let clock: QuickClock;
let client: CloudstackClient;
beforeEach(async () => {
  api = new SmallApi();
  clock = new QuickClock();
  client = clientOf(await api.listen(), clock);
  api.on('createVolume', { jobid: 'j1', id: 'v1' });
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api.close();
});

const create = (more: object = {}) =>
  client.job('createVolume', { size: 1 }, volumeSchema, { ...call, ...more });
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );

it('tells the job and what it makes before the first look, then looks ever more seldom', async () => {
  const told: unknown[] = [];
  const looks = [...Array(POLL_DELAYS_MS.length + 2)].map(() => PENDING);
  api.on('queryAsyncJobResult', ...looks, DONE);
  const onStarted = (started: unknown) => told.push(started, api.count('queryAsyncJobResult'));
  expect(await create({ onStarted })).toMatchObject({ id: 'v1', state: 'Allocated' });
  expect(told).toEqual([{ jobId: 'j1', id: 'v1' }, 0]);
  expect(api.count('createVolume')).toBe(1);
  expect(clock.waits.slice(0, POLL_DELAYS_MS.length)).toEqual(POLL_DELAYS_MS);
  expect(clock.waits.at(-1)).toBe(15_000);
});

it('gives the flat result of what removes something', async () => {
  api.on('deleteSnapshot', { jobid: 'j2' });
  api.on('queryAsyncJobResult', { jobid: 'j2', jobstatus: 1, jobresult: { success: true } });
  expect(await client.job('deleteSnapshot', {}, successSchema, call)).toEqual({ success: true });
});

it('tells what a failed job says', async () => {
  const jobresult = { errorcode: 530, errortext: 'Failed to create volume' };
  api.on('queryAsyncJobResult', { ...PENDING, jobstatus: 2, jobresultcode: 530, jobresult });
  expect(await failure(create())).toMatchObject({
    name: 'ApiFault',
    command: 'createVolume',
    errorCode: 530,
    text: 'Failed to create volume',
    inJob: true,
  });
});

describe('nobody knows what became of it', () => {
  const failed = (jobresult: unknown) => ({ ...PENDING, jobstatus: 2, jobresult });
  const errortext = 'Job is cancelled as it has been blocking others for too long';
  it.each([
    ['where the server has given the job up', failed({ errorcode: 530, errortext })],
    ['where it says so in plain text', failed(`Unable to serialize: ${errortext}`)],
    ['where a failed job has no words', failed(undefined)],
    [
      'where the management server was started again',
      failed({ errorcode: 530, errortext: 'job cancelled because of management server restart or shutdown' }),
    ],
    ['where the job is forgotten', { fault: 431, text: 'Unable to find a job by id j1' }],
    ['where its result cannot be read', { ...DONE, jobresult: { volume: { id: 1 } } }],
  ])('%s', async (_where, told) => {
    api.on('queryAsyncJobResult', told);
    expect(await failure(create())).toMatchObject({
      name: 'OutcomeUnknown',
      command: 'createVolume',
      jobId: 'j1',
    });
  });

  it('where it does not end in time', async () => {
    api.on('queryAsyncJobResult', PENDING);
    const error = await failure(create({ deadlineMs: 30 * 60_000 }));
    expect(error).toMatchObject({
      name: 'OutcomeUnknown',
      message: expect.stringContaining('30 minutes') as string,
    });
    expect(clock.waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(31 * 60_000);
  });

  it('where the server says nothing for too long, and not where it only starts again', async () => {
    api.on('queryAsyncJobResult', ...Array<'drop'>(40).fill('drop'), DONE);
    expect(await create()).toMatchObject({ id: 'v1' });
    api.on('queryAsyncJobResult', 'drop');
    expect(await failure(create())).toMatchObject({
      name: 'OutcomeUnknown',
      cause: { code: 'peer.unreachable' },
    });
  });

  it('where the answer to the command was lost', async () => {
    api.on('createVolume', 'drop');
    expect(await failure(create())).toMatchObject({ name: 'OutcomeUnknown', jobId: undefined });
    api.on('createVolume', { id: 'without a job' });
    expect(await failure(create())).toMatchObject({ name: 'OutcomeUnknown' });
    expect(api.count('createVolume')).toBe(2);
  });
});

it('an abort stops the waiting, and an abort in the command still tells the job', async () => {
  const waiting = new AbortController();
  api.on('queryAsyncJobResult', () => {
    waiting.abort();
    return PENDING;
  });
  expect(await failure(create({ signal: waiting.signal }))).toMatchObject({ code: 'call.aborted' });

  const sending = new AbortController();
  const started: unknown[] = [];
  api.on('createVolume', () => {
    sending.abort();
    return { jobid: 'j3', id: 'v3' };
  });
  const onStarted = (one: unknown) => started.push(one);
  expect(await failure(create({ signal: sending.signal, onStarted }))).toMatchObject({
    code: 'call.aborted',
  });
  expect(started).toEqual([{ jobId: 'j3', id: 'v3' }]);
  expect(api.count('createVolume')).toBe(2);
});

it('goes on with a job of which only the id is known', async () => {
  api.on('queryAsyncJobResult', PENDING, DONE);
  const volume = await client.waitForJob('j1', volumeSchema, { ...call, command: 'createVolume' });
  expect(volume.id).toBe('v1');
});

import { FEED_NAMESPACE, FeedEnvelope, FeedSnapshot, Problem } from '@ossea/api-contract';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { until } from '../../stack/probe.js';
import { Appliance, ENGINES } from './appliance.js';

type Envelope = z.infer<typeof FeedEnvelope>;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});

interface Listener {
  readonly socket: Socket;
  readonly events: Envelope[];
  subscribe(since?: { epoch: string; seq: number }): Promise<FeedSnapshot>;
}

function connect(url: string, auth: object, headers: Record<string, string> = {}): Socket {
  const socket = io(`${url}${FEED_NAMESPACE}`, {
    auth,
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
    extraHeaders: headers,
  });
  sockets.push(socket);
  return socket;
}

async function listen(oma: Appliance, token = oma.token): Promise<Listener> {
  const socket = connect(oma.url, { token });
  const events: Envelope[] = [];
  socket.on('event', (event) => events.push(FeedEnvelope.parse(event)));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return {
    socket,
    events,
    subscribe: async (since) =>
      FeedSnapshot.parse(await socket.timeout(5_000).emitWithAck('subscribe', since ? { since } : {})),
  };
}

/** A job of two steps: five facts. */
async function happen(oma: Appliance): Promise<void> {
  expect((await oma.call('admin/vma/pairing-code', { body: {} })).status).toBe(201);
}

const refusal = (socket: Socket) =>
  new Promise<Problem>((resolve, reject) => {
    socket.once('connect', () => reject(new Error('it was let in')));
    socket.once('connect_error', (error) =>
      resolve(Problem.parse((error as Error & { data?: { problem?: unknown } }).data?.problem)),
    );
  });

describe.each(ENGINES)('the feed on %s', (engine) => {
  let oma: Appliance;
  beforeAll(async () => {
    oma = await Appliance.start({ engine });
  });
  afterAll(() => oma[Symbol.asyncDispose]());

  it('lets in whoever has a token, and says why it does not', async () => {
    for (const auth of [{}, { token: 'ossea_nobody' }, { token: { $ne: '' } }, { token: 7 }])
      expect((await refusal(connect(oma.url, auth))).code).toBe('access.unauthenticated');
    const query = io(`${oma.url}${FEED_NAMESPACE}`, {
      query: { token: oma.token },
      forceNew: true,
      reconnection: false,
    });
    sockets.push(query);
    expect((await refusal(query)).code).toBe('access.unauthenticated');
    await listen(oma);
  });

  it('is not for pages of other sites', async () => {
    const foreign = connect(oma.url, { token: oma.token }, { origin: 'https://elsewhere.example' });
    await expect(
      new Promise<void>((resolve, reject) => {
        foreign.once('connect', resolve);
        foreign.once('connect_error', reject);
      }),
    ).rejects.toThrow();
    const own = connect(oma.url, { token: oma.token }, { origin: oma.url });
    await new Promise<void>((resolve) => own.once('connect', resolve));
  });

  it('says where everything stands, then what happens, in one sequence without holes', async () => {
    const { events, subscribe } = await listen(oma);
    await happen(oma);
    const snapshot = await subscribe();
    expect(snapshot).toMatchObject({ mode: 'snapshot', contexts: [], progress: [] });
    expect(snapshot.mode === 'snapshot' && snapshot.jobs[0]?.kind).toBe('create-pairing-code');
    await happen(oma);
    await until('the job has ended', () => events.some(({ type }) => type === 'job.ended'));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => (events[0]?.seq ?? 0) + i));
    expect(events.every(({ epoch }) => epoch === snapshot.epoch)).toBe(true);
    const since = events.filter(({ seq }) => seq > snapshot.seq);
    expect(since.map(({ type }) => type)).toEqual(expect.arrayContaining(['job.started', 'job.step-began']));
  });

  it('tells again what somebody missed, and exactly that', async () => {
    const first = await listen(oma);
    const { epoch, seq } = await first.subscribe();
    const witness = await listen(oma);
    await witness.subscribe();
    first.socket.disconnect();
    await happen(oma);
    await until('the job has ended', () => witness.events.some(({ type }) => type === 'job.ended'));
    const missed = witness.events.filter((event) => event.seq > seq);
    const again = await listen(oma);
    const replay = await again.subscribe({ epoch, seq });
    expect(replay).toMatchObject({ mode: 'replay', epoch, seq: missed.at(-1)?.seq });
    expect(replay.mode === 'replay' && replay.events).toEqual(missed);
    expect(await again.subscribe({ epoch, seq: replay.seq })).toMatchObject({ mode: 'replay', events: [] });
  });

  it('gives the whole picture to whoever comes from another life, or from the future', async () => {
    const { subscribe } = await listen(oma);
    const { epoch, seq } = await subscribe();
    expect((await subscribe({ epoch: 'feed_of_before', seq })).mode).toBe('snapshot');
    expect((await subscribe({ epoch, seq: seq + 1_000 })).mode).toBe('snapshot');
  });

  it('says what is wrong with a subscription, and tells nothing to those who did not subscribe', async () => {
    const { socket, events } = await listen(oma);
    for (const body of [{ since: 'yesterday' }, 7, 'x', { since: { epoch: 'e', seq: -1 } }]) {
      const answer: unknown = await socket.timeout(5_000).emitWithAck('subscribe', body);
      expect(Problem.parse((answer as { problem: unknown }).problem).code).toBe('request.invalid');
    }
    const witness = await listen(oma);
    await witness.subscribe();
    await happen(oma);
    await until('the job has ended', () => witness.events.some(({ type }) => type === 'job.ended'));
    expect(events).toEqual([]);
  });

  it('has nothing in its default namespace', async () => {
    const socket = io(oma.url, { auth: { token: oma.token }, forceNew: true, reconnection: false });
    sockets.push(socket);
    await expect(
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', reject);
      }),
    ).rejects.toThrow();
  });

  it('ends with the token', async () => {
    const { socket } = await listen(oma);
    const gone = new Promise<number>((resolve) => socket.once('disconnect', () => resolve(Date.now())));
    const began = Date.now();
    await oma.forgetTokens();
    expect((await gone) - began).toBeLessThan(7_000);
    expect((await oma.call('jobs')).status).toBe(401);
  });
});

it('cuts off a message of more than 64 KiB', async () => {
  await using oma = await Appliance.start();
  const { socket } = await listen(oma);
  const gone = new Promise((resolve) => socket.once('disconnect', resolve));
  socket.emit('subscribe', { junk: 'x'.repeat(100_000) });
  await gone;
  await (await listen(oma)).subscribe();
});

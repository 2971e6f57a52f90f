import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { FakeFeedSocket } from '../../../testing/fake-feed-socket';
import {
  accessSample,
  contextSample,
  envelopeSample,
  replaySample,
  snapshotSample,
} from '../../../testing/samples';
import { Session } from '../session/session';
import type { FeedMessage } from './feed-messages';
import { OPEN_FEED_SOCKET } from './feed-socket';
import { LiveFeed } from './live-feed';

const changed = (seq: number, state: string) =>
  envelopeSample(seq, 'context.changed', { context: contextSample({ state }) });

describe('LiveFeed', () => {
  let socket: FakeFeedSocket;
  let feed: LiveFeed;
  let told: string[];

  beforeEach(async () => {
    sessionStorage.clear();
    socket = new FakeFeedSocket();
    TestBed.configureTestingModule({
      providers: [
        provideRouter([{ path: 'sign-in', children: [] }]),
        { provide: OPEN_FEED_SOCKET, useValue: () => socket },
      ],
    });
    TestBed.inject(Session).begin(accessSample());
    feed = TestBed.inject(LiveFeed);
    told = [];
    feed.messages.subscribe((message) => told.push(inWords(message)));
    feed.start();
    socket.happens('connect');
    await socket.answer(snapshotSample(5, { contexts: [contextSample()] }));
  });
  afterEach(() => feed.stop());

  it('tells events that follow each other, each once', () => {
    socket.happens('event', changed(6, 'replicating'));
    socket.happens('event', changed(6, 'replicating'));
    socket.happens('event', changed(7, 'in-sync'));
    expect(told).toEqual(['snapshot', 'replicating', 'in-sync']);
    expect(socket.requests).toHaveLength(1);
  });

  it('asks from where it stands when an event is missing, and then tells all of them in order', async () => {
    socket.happens('event', changed(6, 'replicating'));
    socket.happens('event', changed(8, 'faulted'));
    expect(socket.requests.at(-1)).toMatchObject({
      event: 'subscribe',
      body: { since: { epoch: 'feed_1', seq: 6 } },
    });
    socket.happens('event', changed(9, 'replicating'));
    await socket.answer(replaySample(8, [changed(7, 'in-sync'), changed(8, 'faulted')]));
    expect(told).toEqual(['snapshot', 'replicating', 'in-sync', 'faulted', 'caught-up', 'replicating']);
  });

  it('asks again when the appliance says so, or when it has begun a new life', async () => {
    socket.happens('resync');
    expect(socket.requests).toHaveLength(2);
    await socket.answer(replaySample(5, []));
    socket.happens('event', { ...changed(6, 'replicating'), epoch: 'feed_2' });
    expect(socket.requests).toHaveLength(3);
  });

  it('is stale as soon as the connection is lost, and live again after it was told what it missed', async () => {
    expect(feed.status()).toBe('live');
    socket.happens('disconnect', 'transport close');
    expect(feed.status()).toBe('stale');
    socket.happens('connect');
    expect(feed.status()).toBe('stale');
    expect(socket.requests.at(-1)?.body).toEqual({ since: { epoch: 'feed_1', seq: 5 } });
    await socket.answer(replaySample(6, [changed(6, 'replicating')]));
    expect(feed.status()).toBe('live');
  });

  it('skips what a newer appliance tells, without a gap', () => {
    socket.happens('event', envelopeSample(6, 'weather.changed', { rain: true }));
    socket.happens('event', changed(7, 'in-sync'));
    expect(told).toEqual(['snapshot', 'in-sync']);
    expect(socket.requests).toHaveLength(1);
  });

  it('ends the session only when the appliance does not know the token', () => {
    socket.happens('connect_error', new Error('xhr poll error'));
    expect(TestBed.inject(Session).isSignedIn()).toBe(true);
    const problem = {
      type: 'x',
      title: 'x',
      status: 401,
      code: 'access.unauthenticated',
      cause: 'The token is not valid.',
      remedy: 'Sign in.',
      retryable: true,
    };
    socket.happens('connect_error', Object.assign(new Error('refused'), { data: { problem } }));
    expect(TestBed.inject(Session).isSignedIn()).toBe(false);
  });
});

function inWords(message: FeedMessage): string {
  if (message.kind !== 'event') return message.kind;
  return message.event.type === 'context.changed' ? message.event.data.context.state : message.event.type;
}

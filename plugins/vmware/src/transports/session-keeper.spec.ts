import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TransportHost } from './disk-transport.js';
import { RunRooms, type Room } from './run-rooms.js';
import { SessionKeeper } from './session-keeper.js';

let scratch = '';
let rooms: RunRooms;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sk-'));
  rooms = await RunRooms.open(scratch);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(scratch, { recursive: true, force: true });
});

function fakeHost() {
  const listeners = new Set<() => void>();
  const state = { cookie: 'a=1', beats: 0, fails: false, aborted: false };
  const warnings: string[] = [];
  const host = {
    cookie: () => state.cookie,
    onLogin: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    keepAlive: async ({ signal }: { signal: AbortSignal }) => {
      state.beats += 1;
      signal.addEventListener('abort', () => (state.aborted = true));
      if (state.fails) throw new MigrationError('peer.unreachable', 'away');
    },
    context: { log: { warn: (message: string) => warnings.push(message) } },
  } as unknown as TransportHost;
  const login = (cookie: string): void => {
    state.cookie = cookie;
    for (const listener of listeners) listener();
  };
  return { host, state, listeners, warnings, login };
}

const cookieIn = (room: Room): Promise<string> => readFile(room.file('c'), 'utf8');

it('keeps the newest cookie in the file', async () => {
  const { host, login, listeners } = fakeHost();
  const room = await rooms.take();
  const end = await new SessionKeeper(host).keepIn(room, 'c');
  expect(await cookieIn(room)).toBe('a=1\n');
  for (const cookie of ['a=2', 'a=3', 'a=4\r\nb: c']) login(cookie);
  await end();
  expect(await cookieIn(room)).toBe('a=4b: c\n');
  expect(listeners.size).toBe(0);
});

it('asks after the session as long as anybody holds it, once for all', async () => {
  const { host, state } = fakeHost();
  const keeper = new SessionKeeper(host, 1_000);
  const [one, two] = [await rooms.take(), await rooms.take()];
  const endOne = await keeper.keepIn(one, 'c');
  const endTwo = await keeper.keepIn(two, 'c');
  await vi.advanceTimersByTimeAsync(3_000);
  expect(state.beats).toBe(3);
  await endOne();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(state.beats).toBe(4);
  await endTwo();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(state.beats).toBe(4);
  expect(vi.getTimerCount()).toBe(0);
});

it('goes on when the server is away', async () => {
  const { host, state, warnings } = fakeHost();
  state.fails = true;
  const end = await new SessionKeeper(host, 1_000).keepIn(await rooms.take(), 'c');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(state.beats).toBe(2);
  expect(warnings).toHaveLength(2);
  await end();
});

it('holds nothing when the cookie cannot be written', async () => {
  const { host, listeners } = fakeHost();
  const room = await rooms.take();
  await room.remove();
  await expect(new SessionKeeper(host).keepIn(room, 'c')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(listeners.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

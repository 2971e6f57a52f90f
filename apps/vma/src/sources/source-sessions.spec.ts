import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import type { BlockEndpoint, ChangedBlockTracking, Lease, SourceSession } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bareSession, scriptedPlugin } from './scripted-plugin.js';
import { SourceSessions } from './source-sessions.js';

Logger.overrideLogger(false);

interface Connecting {
  readonly host: string;
  readonly signal: AbortSignal;
  answer(session: SourceSession | Error): void;
}

let directory: string;
let sessions: SourceSessions;
/** What happened to the plugin, in order. */
let story: string[];
let connecting: Connecting[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ss-'));
  story = [];
  connecting = [];
  const plugin = scriptedPlugin((settings, signal) => {
    story.push(`connect ${settings.host}`);
    return new Promise((resolve, reject) => {
      const answer = (session: SourceSession | Error) =>
        session instanceof Error ? reject(session) : resolve(session);
      connecting.push({ host: settings.host, signal, answer });
    });
  });
  const registry = await PluginRegistry.load({ packages: ['p'], import: async () => ({ plugin }) });
  sessions = new SourceSessions(registry, createProcessRunner(), directory);
});
afterEach(async () => {
  await sessions.stop();
  await rm(directory, { recursive: true, force: true });
});

const wanted = (host: string, more: object = {}) => ({ pluginId: 'scripted', settings: { host, ...more } });
const closing = (name: string): SourceSession =>
  bareSession({
    [Symbol.asyncDispose]: async () => {
      story.push(`close ${name}`);
    },
  });
/** Comes back when the n-th connect was asked for. */
async function asked(n: number): Promise<Connecting> {
  for (;;) {
    const found = connecting[n];
    if (found) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it('connects once for many who ask at once, and for the same settings in another order', async () => {
  const all = [
    sessions.open('s', wanted('a', { password: 'x' })),
    sessions.open('s', wanted('a', { password: 'x' })),
  ];
  (await asked(0)).answer(bareSession({ can: { changedBlocks: {} as ChangedBlockTracking } }));
  const [first, second] = await Promise.all(all);
  expect(second).toEqual(first);
  expect(first).toMatchObject({ capabilities: ['changedBlocks'] });
  const again = await sessions.open('s', { pluginId: 'scripted', settings: { password: 'x', host: 'a' } });
  expect(again).toEqual(first);
  expect(story).toEqual(['connect a']);
});

it('closes the old one before it connects with other settings, however many want others at once', async () => {
  const first = sessions.open('s', wanted('a'));
  (await asked(0)).answer(closing('a'));
  await first;
  const others = Promise.allSettled([sessions.open('s', wanted('b')), sessions.open('s', wanted('c'))]);
  (await asked(1)).answer(closing('b'));
  (await asked(2)).answer(closing('c'));
  await others;
  expect(story.slice(0, 2)).toEqual(['connect a', 'close a']);
  expect(story).toHaveLength(5);
  // whoever came last has got what it asked for, and nothing else is open
  const stands = story.at(-1)?.split(' ')[1] ?? '';
  await sessions.open('s', wanted(stands));
  await sessions.stop();
  expect(story.filter((line) => line.startsWith('close')).sort()).toEqual(['close a', 'close b', 'close c']);
});

it('tells a failed connect to all who waited, and tries anew for the next', async () => {
  const all = [sessions.open('s', wanted('a')), sessions.open('s', wanted('a'))];
  const settled = Promise.allSettled(all);
  (await asked(0)).answer(new MigrationError('auth.rejected', 'Wrong password.'));
  for (const { status } of await settled) expect(status).toBe('rejected');
  await expect(all[0]).rejects.toMatchObject({ code: 'auth.rejected' });
  const next = sessions.open('s', wanted('a'));
  (await asked(1)).answer(bareSession());
  await next;
});

it('gives up a connect that hangs when the session is closed, and closes what comes of it later', async () => {
  const opening = sessions.open('s', wanted('a'));
  const failed = expect(opening).rejects.toMatchObject({ code: 'call.aborted' });
  const { signal, answer } = await asked(0);
  await sessions.close('s');
  await failed;
  expect(signal.aborted).toBe(true);
  answer(closing('too late'));
  await expect.poll(() => story).toEqual(['connect a', 'close too late']);
  await expect(sessions.get('s')).rejects.toMatchObject({
    code: 'resource.not-found',
    context: { session: 's' },
  });
});

it('gives back every lease before the session ends, once', async () => {
  const opening = sessions.open('s', wanted('a'));
  (await asked(0)).answer(closing('session'));
  await opening;
  const hosted = await sessions.get('s');
  const lease = (name: string): Lease<BlockEndpoint> => ({
    value: { transport: 'nbd-unix', path: '/p', exportName: '', sizeBytes: 512 },
    [Symbol.asyncDispose]: async () => {
      story.push(`give back ${name}`);
    },
  });
  const one = await hosted.keep(lease('one'));
  await hosted.keep(lease('two'));
  await hosted.giveBack(one);
  await hosted.giveBack(one);
  await hosted.giveBack('never lent');
  await sessions.close('s');
  expect(story).toEqual(['connect a', 'give back one', 'give back two', 'close session']);
  // a disk that was being opened while the session was closed
  await expect(hosted.keep(lease('three'))).rejects.toMatchObject({ code: 'resource.not-found' });
  expect(story.at(-1)).toBe('give back three');
});

it('opens none any more once it has stopped', async () => {
  await sessions.stop();
  await expect(sessions.open('s', wanted('a'))).rejects.toMatchObject({ code: 'process.not-ready' });
  expect(story).toEqual([]);
});

it('names settings that do not fit, never their values', async () => {
  const refused = sessions.open('s', { pluginId: 'scripted', settings: { host: 1, password: 'hunter2' } });
  await expect(refused).rejects.toMatchObject({ code: 'config.invalid' });
  const { message } = (await refused.catch((error: unknown) => error)) as Error;
  expect(message).toContain('host');
  expect(message).not.toContain('hunter2');
  await expect(sessions.open('s', { pluginId: 'x', settings: {} })).rejects.toMatchObject({
    code: 'plugin.unknown',
  });
});

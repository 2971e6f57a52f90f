import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { StartCopy } from '@ossea/agent-protocol';
import type { CopyEngine, CopyOptions, CopyRequest, CopyResult } from '@ossea/copy-engine';
import { MigrationError, SecretScrubber } from '@ossea/errors';
import type { BlockEndpoint, Extent, SourceSession } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HostedSession } from '../sources/hosted-session.js';
import { bareSession } from '../sources/scripted-plugin.js';
import { Copies } from './copies.js';

Logger.overrideLogger(false);

/*
 * The order of things around an engine that is moved by hand. Real engines between real NBD servers run in
 * tests/integration/vma.
 */
interface Running {
  readonly request: CopyRequest;
  readonly options: CopyOptions;
  succeed(): void;
  fail(error: Error): void;
}
const RESULT: CopyResult = {
  bytesTotal: 512,
  bytesDone: 512,
  bytesMoved: 512,
  bytesZeroed: 0,
  bytesResumed: 0,
  bytesRead: 512,
  requestsRetried: 0,
  seconds: 1,
};

let directory: string;
let copies: Copies;
let running: Running[];
let leases: number;
let session: SourceSession;
let extents: Extent[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cp-'));
  running = [];
  leases = 0;
  extents = [];
  session = bareSession({
    disks: {
      open: async () => {
        leases += 1;
        const value: BlockEndpoint = { transport: 'nbd-unix', path: '/s', exportName: '', sizeBytes: 512 };
        return {
          value,
          [Symbol.asyncDispose]: async () => {
            await new Promise((resolve) => setImmediate(resolve));
            leases -= 1;
          },
        };
      },
    },
    can: {
      changedBlocks: {
        enable: () => Promise.resolve(),
        disable: () => Promise.resolve(),
        token: () => Promise.resolve(''),
        async *changes() {
          yield* extents;
        },
      },
    },
  });
  const engine: CopyEngine = {
    name: 'reference',
    copy: (request, options) =>
      new Promise((resolve, reject) => {
        running.push({ request, options, succeed: () => resolve(RESULT), fail: reject });
        options.signal.addEventListener('abort', () =>
          setImmediate(() => reject(new MigrationError('call.aborted', 'Stopped.'))),
        );
      }),
    digest: () => Promise.reject(new Error('not here')),
  };
  copies = new Copies({
    sessions: { get: async (id) => new HostedSession(id, session, new SecretScrubber([]), () => undefined) },
    engine,
    journalsDir: directory,
    nbdSocketPath: '/nbd',
    atOnce: 2,
    remembered: 3,
  });
});
afterEach(async () => {
  await copies.stopAll();
  await rm(directory, { recursive: true, force: true });
});

const order = (more: Partial<StartCopy> = {}): StartCopy => ({
  session: 's',
  disk: 'd',
  snapshot: 'snap',
  exportName: 'vol',
  sizeBytes: 512,
  work: { kind: 'full', targetIsZero: true },
  journalIdentity: 'j',
  correlationId: 'cor-1',
  ...more,
});
const engineAt = async (n: number): Promise<Running> => {
  await expect.poll(() => running.length).toBeGreaterThan(n);
  return running[n] as Running;
};
const ended = (id: string) => expect.poll(() => copies.get(id).end).toBeDefined();

it('hands the engine the source, the tunnel’s end, the journal and its own identity', async () => {
  copies.start('c-1', order());
  const { request, succeed } = await engineAt(0);
  expect(request).toMatchObject({
    source: { transport: 'nbd-unix', path: '/s' },
    target: { transport: 'nbd-unix', path: '/nbd', exportName: 'vol' },
    work: { kind: 'full', targetIsZero: true },
    journalPath: join(directory, 'c-1.journal'),
    journalIdentity: 'j',
  });
  succeed();
  await ended('c-1');
  expect(copies.get('c-1').state).toEqual({ state: 'succeeded' });
  expect(leases).toBe(0);
});

it('joins the same order, refuses another one, and begins again what has ended', async () => {
  const copy = copies.start('c-1', order());
  expect(copies.start('c-1', order({ correlationId: 'cor-2' }))).toBe(copy);
  expect(() => copies.start('c-1', order({ exportName: 'other' }))).toThrow('Another copy');
  (await engineAt(0)).fail(
    new MigrationError('nbd.connection-lost', 'Gone.', { context: { end: 'target' } }),
  );
  await ended('c-1');
  expect(copy.end).toMatchObject({
    problem: { code: 'nbd.connection-lost', context: { end: 'target' }, correlationId: 'cor-1' },
  });
  expect(copy.state.state).toBe('failed');
  expect(copies.start('c-1', order({ exportName: 'other' }))).not.toBe(copy);
  (await engineAt(1)).succeed();
  await ended('c-1');
});

it('knows all that changed before the first byte is copied, and copies nothing of a broken list', async () => {
  extents = [
    { offset: 0, length: 1 },
    { offset: 100, length: 5 },
  ];
  copies.start('c-1', order({ work: { kind: 'incremental', since: 't' } }));
  expect((await engineAt(0)).request.work).toEqual({ kind: 'changed', ranges: extents });
  extents = [{ offset: -1, length: 5 }];
  copies.start('c-2', order({ work: { kind: 'incremental', since: 't' } }));
  await ended('c-2');
  expect(copies.get('c-2').end).toMatchObject({ problem: { code: 'plugin.broken-contract' } });
  session = { ...session, can: {} };
  copies.start('c-3', order({ work: { kind: 'incremental', since: 't' } }));
  await ended('c-3');
  expect(copies.get('c-3').end).toMatchObject({ problem: { code: 'tracking.reset' } });
  expect(running).toHaveLength(1);
});

it('has stopped when it says so: the engine has ended and the disk is given back', async () => {
  copies.start('c-1', order());
  const { options } = await engineAt(0);
  const stopped = copies.stop('c-1');
  expect(copies.get('c-1').end).toBeUndefined();
  expect(await stopped).toEqual({ state: 'cancelled' });
  expect(options.signal.aborted).toBe(true);
  expect(leases).toBe(0);
  expect(await copies.stop('never begun')).toEqual({ state: 'cancelled' });
});

it('stops though the source is deaf', async () => {
  session = { ...session, disks: { open: () => new Promise(() => undefined) } };
  copies.start('c-1', order());
  expect(await copies.stop('c-1')).toEqual({ state: 'cancelled' });
});

it('is not spoilt by a disk that cannot be given back', async () => {
  const { disks } = session;
  session = {
    ...session,
    disks: {
      open: async (...given) => ({
        ...(await disks.open(...given)),
        [Symbol.asyncDispose]: () => Promise.reject(new Error('no')),
      }),
    },
  };
  copies.start('c-1', order());
  (await engineAt(0)).succeed();
  await ended('c-1');
  expect(copies.get('c-1').end).toEqual({ result: RESULT });
});

it('lets as many run at once as it may, and the next when one has ended', async () => {
  for (const id of ['c-1', 'c-2', 'c-3']) copies.start(id, order());
  await engineAt(1);
  expect(copies.get('c-3').state).toEqual({ state: 'running' });
  running[0]?.succeed();
  await engineAt(2);
});

it('forgets by prefix, running ones after they have stopped, with their journals', async () => {
  for (const name of ['c-1', 'c-2', 'd-1']) await writeFile(copies.journalPath(name), '');
  copies.start('c-1', order());
  copies.start('d-1', order());
  await engineAt(1);
  await copies.forgetAll('c-');
  expect(() => copies.get('c-1')).toThrow('no such copy');
  expect(await readdir(directory)).toEqual(['d-1.journal']);
  expect(copies.get('d-1').state.state).toBe('running');
});

it('remembers how copies ended, but not for ever', async () => {
  for (const id of ['c-1', 'c-2', 'c-3', 'c-4']) {
    copies.start(id, order());
    (await engineAt(running.length)).succeed();
    await ended(id);
  }
  expect(() => copies.get('c-1')).toThrow('no such copy');
  expect(copies.get('c-4').state.state).toBe('succeeded');
});

it('begins none any more once all were stopped', async () => {
  copies.start('c-1', order());
  await copies.stopAll();
  expect(copies.get('c-1').state.state).toBe('cancelled');
  expect(() => copies.start('c-2', order())).toThrow('stopping');
});

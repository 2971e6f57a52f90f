import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLUSTER_BYTES } from '@ossea/copy-engine';
import { CONTRACT_VERSION, z, type SourcePlugin, type SourceSession } from '@ossea/plugin-sdk';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { NbdServers } from '../../native/nbd/test/nbd-servers.js';
import type { CopyOrder, RemoteCopies } from '../../apps/oma/src/replication/replication-ports.js';
import { FileSource } from '../integration/replication/file-source.js';
import { until } from '../stack/probe.js';
import { startOmaWithVma, type OmaWithVma } from './oma-room.js';

/*
 * Copies that an OMA orders and a VMA makes: real disks behind real NBD servers, through a tunnel server process and SSH,
 * into what stands where the VMA's storage daemon does.
 */
const SIZE_BYTES = 16 << 20;
const SESSION = 'conn_1';
const calm = () => new AbortController().signal;

let directory: string;
let servers: NbdServers;
let source: FileSource;
let oma: OmaWithVma;
let session: SourceSession;
let copies: RemoteCopies;
let cycle = 0;
let target: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rc-'));
  servers = new NbdServers(spawn);
  source = new FileSource(directory, servers);
  for (const disk of source.disks)
    await writeFile(source.file(disk), randomFillSync(Buffer.alloc(SIZE_BYTES)));
  const plugin: SourcePlugin = {
    manifest: {
      id: 'file-source',
      kind: 'source',
      displayName: 'Files',
      contract: CONTRACT_VERSION,
      capabilities: ['changedBlocks', 'power'],
    },
    settings: z.strictObject({}),
    connect: async () => source.session(),
  };
  oma = await startOmaWithVma({ 'file-source': { plugin } });
  session = await oma.sources.open(
    { vmaId: oma.vmaId, session: SESSION, pluginId: 'file-source', settings: {} },
    { signal: calm() },
  );
  copies = oma.copies.copiesOn(oma.vmaId, SESSION);
  target = join(directory, 'target.raw');
  await writeFile(target, '');
  await truncate(target, SIZE_BYTES);
  await servers.storageDaemon(target, 'raw', oma.nbdSocketPath);
}, 120_000);
afterAll(async () => {
  await oma[Symbol.asyncDispose]();
  await servers.stop();
  await rm(directory, { recursive: true, force: true });
});

let snapshot: string;
beforeEach(async () => {
  cycle += 1;
  snapshot = await session.snapshots.create(
    { vm: 'vm-1', quiesce: false },
    { key: `cycle-${cycle}`, signal: calm() },
  );
});
afterEach(async () => {
  source.bitsPerSecond = '100G';
  await session.snapshots.remove(snapshot, { signal: calm() });
});

const order = (more: Partial<CopyOrder> = {}): CopyOrder => ({
  copyId: `cycle-${cycle}-vda`,
  correlationId: 'cor-1',
  disk: 'vda',
  snapshot,
  exportName: 'vol',
  sizeBytes: SIZE_BYTES,
  work: { kind: 'full', targetIsZero: false },
  journalIdentity: `${snapshot}-vda`,
  ...more,
});
const same = async () => (await readFile(target)).equals(await source.frozen(`cycle-${cycle}`, 'vda'));
/** Slow enough that something can happen in the middle: about eight seconds. */
const slowly = () => (source.bitsPerSecond = '16M');

it('copies a disk in full, measures it, and gives back its journal', async () => {
  const seen: number[] = [];
  const result = await copies.run(order(), { signal: calm(), onProgress: (p) => seen.push(p.bytesDone) });
  expect(result).toMatchObject({ bytesTotal: SIZE_BYTES, bytesDone: SIZE_BYTES, bytesResumed: 0 });
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(SIZE_BYTES);
  expect(await same()).toBe(true);
  const journal = await copies.journal(order().copyId, { signal: calm() });
  expect(journal.finished.size).toBe(SIZE_BYTES / CLUSTER_BYTES);
  await copies.forgetAll(`cycle-${cycle}`, { signal: calm() });
  await expect(copies.journal(order().copyId, { signal: calm() })).rejects.toMatchObject({
    code: 'resource.not-found',
  });
});

it('copies what changed since a token, and nothing else', async () => {
  const since = await session.can.changedBlocks!.token('vda', snapshot, { signal: calm() });
  source.write('vda', 5 * CLUSTER_BYTES + 100, randomFillSync(Buffer.alloc(512)));
  const first = snapshot;
  cycle += 1;
  snapshot = await session.snapshots.create(
    { vm: 'vm-1', quiesce: false },
    { key: `cycle-${cycle}`, signal: calm() },
  );
  await session.snapshots.remove(first, { signal: calm() });
  const result = await copies.run(order({ work: { kind: 'incremental', since } }), {
    signal: calm(),
    onProgress: () => undefined,
  });
  expect(result.bytesTotal).toBe(CLUSTER_BYTES);
  expect(await same()).toBe(true);
});

it('is tunnel.down when the tunnel dies in the middle; running it again joins it, and no byte is missing', async () => {
  slowly();
  let done = 0;
  const run = () =>
    copies.run(order(), { signal: calm(), onProgress: ({ bytesDone }) => (done = bytesDone) });
  const first = run();
  const broken = expect(first).rejects.toMatchObject({ code: 'tunnel.down' });
  await until('a quarter is copied', () => done > SIZE_BYTES / 4, { timeoutMs: 60_000 });
  const before = done;
  oma.killTunnelServer();
  await broken;
  const result = await until('it is joined and ends', run, { timeoutMs: 60_000, everyMs: 500 });
  expect(result.bytesDone).toBe(SIZE_BYTES);
  expect(done).toBeGreaterThanOrEqual(before);
  expect(await same()).toBe(true);
});

it('has stopped at the VMA when a cancel is answered', async () => {
  slowly();
  await writeFile(target, Buffer.alloc(SIZE_BYTES));
  const cancel = new AbortController();
  const run = copies.run(order(), {
    signal: cancel.signal,
    onProgress: ({ bytesDone }) => bytesDone > SIZE_BYTES / 8 && cancel.abort(),
  });
  await expect(run).rejects.toMatchObject({ code: 'call.aborted', context: {} });
  const then = await readFile(target);
  expect(then.equals(Buffer.alloc(SIZE_BYTES))).toBe(false);
  // what the journal calls finished is there; begun again it goes on from there
  const journal = await copies.journal(order().copyId, { signal: calm() });
  const frozen = await source.frozen(`cycle-${cycle}`, 'vda');
  for (const cluster of journal.finished.keys()) {
    const [from, to] = [cluster * CLUSTER_BYTES, (cluster + 1) * CLUSTER_BYTES];
    expect(then.subarray(from, to).equals(frozen.subarray(from, to))).toBe(true);
  }
  expect((await readFile(target)).equals(then)).toBe(true);
});

it('goes on from its journal after the VMA was restarted, with its session opened anew', async () => {
  slowly();
  let done = 0;
  const run = () =>
    copies.run(order(), { signal: calm(), onProgress: ({ bytesDone }) => (done = bytesDone) });
  const first = run();
  const broken = expect(first).rejects.toMatchObject({ code: 'tunnel.down' });
  await until('a quarter is copied', () => done > SIZE_BYTES / 4, { timeoutMs: 60_000 });
  await oma.restartVma();
  await broken;
  source.bitsPerSecond = '100G';
  const result = await run();
  expect(result.bytesDone).toBe(SIZE_BYTES);
  expect(await same()).toBe(true);
});

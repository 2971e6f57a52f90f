import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CLUSTER_BYTES, JOURNAL_HEADER_BYTES } from '@ossea/copy-engine';
import { MIB, clustersOf, fillGarbage, makeDisk, readJournalFile, sorted } from './disks.js';
import { copyRequest, nativeEngine, never } from './engine.js';
import { NbdServers, type NbdServer } from './nbd-servers.js';

const SIZE = 64 * MIB + 512;
// parameters of nbdkit's filter `rate`: bits a second of each connection, and seconds of burst
const SLOWLY = ['rate=100M', 'burstiness=0.05'];
const engine = nativeEngine();
let servers: NbdServers;
let journal: string;

beforeEach(() => {
  servers = new NbdServers(spawn);
  journal = servers.path('journal');
});
afterEach(() => servers.stop());

function qemuImg(...args: string[]): void {
  const { status, stderr } = spawnSync('qemu-img', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

it('continues after the storage daemon was killed, and does not do finished clusters again', async () => {
  const content = makeDisk(servers.path('src'), SIZE, 20, { hole: 0.1, zero: 0.1, data: 0.8 });
  qemuImg('create', '-q', '-f', 'qcow2', servers.path('delta'), String(SIZE));
  // slow enough to be killed on the way
  const source = await servers.nbdkit(['-r', '--filter=rate', 'file', servers.path('src'), ...SLOWLY]);
  const socket = servers.nextSocket();
  let target: NbdServer = await servers.storageDaemon(servers.path('delta'), 'qcow2', socket);
  const request = copyRequest({ source, target }, SIZE, journal);
  let killed: Promise<void> | undefined;
  const copying = engine.copy(request, {
    signal: never,
    onProgress: ({ bytesMoved }) => {
      if (bytesMoved > 20 * MIB) killed ??= target.kill('SIGKILL');
    },
  });
  await expect(copying).rejects.toMatchObject({
    code: 'nbd.connection-lost',
    context: { end: 'target' },
  });
  await killed;
  const before = readJournalFile(journal);
  expect(before.finished.size).toBeGreaterThan(0);
  expect(before.finished.size).toBeLessThan(SIZE / CLUSTER_BYTES);
  // what was journalled is really there: the daemon was not asked to write anything back when it died
  qemuImg('convert', '-f', 'qcow2', '-O', 'raw', servers.path('delta'), servers.path('raw'));
  const killedDisk = readFileSync(servers.path('raw'));
  for (const cluster of before.finished.keys()) {
    const [from, to] = [cluster * CLUSTER_BYTES, (cluster + 1) * CLUSTER_BYTES];
    if (!killedDisk.subarray(from, to).equals(content.subarray(from, to)))
      throw new Error(`cluster ${cluster}`);
  }
  // a torn tail, as a crash of ours leaves it
  appendFileSync(journal, readFileSync(journal).subarray(JOURNAL_HEADER_BYTES, JOURNAL_HEADER_BYTES + 100));

  target = await servers.storageDaemon(servers.path('delta'), 'qcow2', socket);
  const result = await engine.copy(request, { signal: never });
  const finishedBytes = [...before.finished.keys()].reduce(
    (sum, cluster) => sum + Math.min(CLUSTER_BYTES, SIZE - cluster * CLUSTER_BYTES),
    0,
  );
  expect(result.bytesResumed).toBe(finishedBytes);
  expect(result.bytesRead).toBeLessThanOrEqual(SIZE - finishedBytes);
  expect(result.bytesDone).toBe(SIZE);
  expect(sorted(readJournalFile(journal).finished)).toEqual(sorted(await clustersOf(content)));
  await target.kill('SIGTERM');
  qemuImg('convert', '-f', 'qcow2', '-O', 'raw', servers.path('delta'), servers.path('raw'));
  expect(readFileSync(servers.path('raw')).equals(content)).toBe(true);
});

it('replaces the journal of another copy, and one that is none', async () => {
  const content = makeDisk(servers.path('src'), 8 * MIB, 21);
  const source = await servers.file(servers.path('src'), ['-r']);
  for (const strange of ['another copy', undefined]) {
    fillGarbage(servers.path('dst'), 8 * MIB);
    const target = await servers.file(servers.path('dst'));
    if (strange === undefined) writeFileSync(journal, Buffer.alloc(5000, 7));
    const identity = strange ?? 'the same copy';
    const request = copyRequest({ source, target }, 8 * MIB, journal, { journalIdentity: identity });
    expect(await engine.copy(request, { signal: never })).toMatchObject({ bytesResumed: 0 });
    expect(readFileSync(servers.path('dst')).equals(content)).toBe(true);
    const again = await engine.copy(request, { signal: never });
    expect(again).toMatchObject({ bytesResumed: 8 * MIB, bytesRead: 0, bytesMoved: 0, bytesZeroed: 0 });
    await target.kill('SIGTERM');
  }
});

it('reconnects to a target that comes back, and writes again what that one may have forgotten', async () => {
  const content = makeDisk(servers.path('src'), SIZE, 22, { hole: 0.1, zero: 0.1, data: 0.8 });
  qemuImg('create', '-q', '-f', 'qcow2', servers.path('delta'), String(SIZE));
  const source = await servers.nbdkit(['-r', '--filter=rate', 'file', servers.path('src'), ...SLOWLY]);
  const socket = servers.nextSocket();
  let target = await servers.storageDaemon(servers.path('delta'), 'qcow2', socket);
  const restart = async (): Promise<void> => {
    await target.kill('SIGKILL');
    target = await servers.storageDaemon(servers.path('delta'), 'qcow2', socket);
  };
  let restarted: Promise<void> | undefined;
  const result = await engine.copy(
    copyRequest({ source, target }, SIZE, journal, { limits: { attempts: 10, checkpointBytes: 16 * MIB } }),
    {
      signal: never,
      onProgress: ({ bytesMoved }) => {
        if (bytesMoved > 20 * MIB) restarted ??= restart();
      },
    },
  );
  await restarted;
  expect(restarted).toBeDefined();
  expect(result).toMatchObject({ bytesDone: SIZE, bytesTotal: SIZE });
  expect(result.requestsRetried).toBeGreaterThan(0);
  await target.kill('SIGTERM');
  qemuImg('convert', '-f', 'qcow2', '-O', 'raw', servers.path('delta'), servers.path('raw'));
  expect(readFileSync(servers.path('raw')).equals(content)).toBe(true);
  expect(sorted(readJournalFile(journal).finished)).toEqual(sorted(await clustersOf(content)));
});

it('reconnects to a source that comes back', async () => {
  const content = makeDisk(servers.path('src'), SIZE, 23, { hole: 0.1, zero: 0.1, data: 0.8 });
  fillGarbage(servers.path('dst'), SIZE);
  const args = ['-r', '--filter=rate', 'file', servers.path('src'), ...SLOWLY];
  const socket = servers.nextSocket();
  let source = await servers.nbdkit(args, socket);
  const target = await servers.file(servers.path('dst'));
  const restart = async (): Promise<void> => {
    await source.kill('SIGKILL');
    source = await servers.nbdkit(args, socket);
  };
  let restarted: Promise<void> | undefined;
  const result = await engine.copy(
    copyRequest({ source, target }, SIZE, journal, { limits: { attempts: 10 } }),
    {
      signal: never,
      onProgress: ({ bytesMoved }) => {
        if (bytesMoved > 20 * MIB) restarted ??= restart();
      },
    },
  );
  await restarted;
  expect(restarted).toBeDefined();
  expect(result.requestsRetried).toBeGreaterThan(0);
  expect(readFileSync(servers.path('dst')).equals(content)).toBe(true);
});

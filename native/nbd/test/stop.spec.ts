import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '@ossea/copy-engine';
import { MIB, fillGarbage, makeDisk, readJournalFile } from './disks.js';
import { copyRequest, nativeEngine, never } from './engine.js';
import { NbdServers, until, type NbdServer } from './nbd-servers.js';

const SIZE = 64 * MIB;
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

/** How many threads of this process have this name. */
function threads(name: string): number {
  const nameOf = (task: string): string | undefined => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
    } catch {
      return undefined; // it ended meanwhile
    }
  };
  return readdirSync('/proc/self/task').filter((task) => nameOf(task) === name).length;
}

async function slowEnds(): Promise<{ source: NbdServer; target: NbdServer }> {
  makeDisk(servers.path('src'), SIZE, 40, { hole: 0, zero: 0.1, data: 0.9 });
  fillGarbage(servers.path('dst'), SIZE);
  return {
    source: await servers.file(servers.path('src'), ['-r']),
    target: await servers.nbdkit(['--filter=rate', 'file', servers.path('dst'), ...SLOWLY]),
  };
}

it('stops within a second, and writes nothing afterwards', async () => {
  const ends = await slowEnds();
  const abort = new AbortController();
  let abortedAt = 0;
  const copying = engine.copy(copyRequest(ends, SIZE, journal, { limits: { requestBytes: 1 << 16 } }), {
    signal: abort.signal,
    onProgress: ({ bytesMoved }) => {
      if (bytesMoved < 2 * MIB) return;
      abortedAt ||= performance.now();
      abort.abort();
    },
  });
  await expect(copying).rejects.toMatchObject({ code: 'call.aborted' });
  expect(performance.now() - abortedAt).toBeLessThan(1000);
  expect(threads('ossea-copy') + threads('ossea-job')).toBe(0);
  const after = readFileSync(servers.path('dst'));
  // an orderly end of the server finishes what it still had in hand
  await ends.target.kill('SIGTERM');
  expect(readFileSync(servers.path('dst')).equals(after)).toBe(true);
  // nor was the source harmed: nbdkit 1.32 aborts when a client leaves in the middle of an answer
  const digest = { source: ends.source.address, sizeBytes: SIZE, ranges: [], limits: DEFAULT_LIMITS };
  await expect(engine.digest(digest, { signal: never })).resolves.toMatchObject({ bytesRead: 0 });
  // what was acknowledged before was flushed and is not lost
  expect(readJournalFile(journal).finished.size).toBeGreaterThan(0);
});

it('stops within a second when a server hangs', async () => {
  const ends = await slowEnds();
  const abort = new AbortController();
  let abortedAt = 0;
  const copying = engine.copy(copyRequest(ends, SIZE, journal), {
    signal: abort.signal,
    onProgress: () => {
      if (abortedAt) return;
      ends.target.signal('SIGSTOP');
      abortedAt = performance.now();
      abort.abort();
    },
  });
  await expect(copying).rejects.toMatchObject({ code: 'call.aborted' });
  expect(performance.now() - abortedAt).toBeLessThan(1000);
});

it('stops within a second while it is still connecting', async () => {
  const { target } = await slowEnds();
  const path = servers.path('mute');
  let connected = false;
  const mute = createServer(() => (connected = true)).listen(path);
  const abort = new AbortController();
  const source = { address: { transport: 'nbd-unix', path, exportName: '' } as const };
  try {
    const copying = engine.copy(copyRequest({ source, target }, SIZE, journal), { signal: abort.signal });
    await until(() => connected, 'the engine connects');
    const abortedAt = performance.now();
    abort.abort();
    await expect(copying).rejects.toMatchObject({ code: 'call.aborted' });
    expect(performance.now() - abortedAt).toBeLessThan(1000);
  } finally {
    mute.close();
  }
});

it('does not start at all when it was aborted before', async () => {
  const ends = await slowEnds();
  const copying = engine.copy(copyRequest(ends, SIZE, journal), { signal: AbortSignal.abort() });
  await expect(copying).rejects.toMatchObject({ code: 'call.aborted' });
  expect(existsSync(journal)).toBe(false);
});

it('gives back what a progress listener throws', async () => {
  const ends = await slowEnds();
  const copying = engine.copy(copyRequest(ends, SIZE, journal), {
    signal: never,
    onProgress: () => {
      throw new Error('the listener is broken');
    },
  });
  await expect(copying).rejects.toMatchObject({ message: 'the listener is broken' });
});

it('leaves with its environment, in mid-copy', async () => {
  const { target } = await slowEnds();
  // this end is abrupt, and nbdkit 1.32 aborts when a client leaves in the middle of an answer
  const source = await servers.storageDaemon(servers.path('src'), 'raw');
  const ends = { source, target };
  const addon = fileURLToPath(new URL('../build/Release/nbd_native.node', import.meta.url));
  const { limits, sizeBytes } = copyRequest(ends, SIZE, journal);
  const workerData = {
    addon,
    request: {
      ...{ work: 'full', targetIsZero: false, sizeBytes, limits, ranges: new Float64Array() },
      ...{ journalPath: journal, identityHash: new Uint8Array(32) },
      source: { path: ends.source.path, exportName: 'vol' },
      target: { path: ends.target.path, exportName: '' },
    },
  };
  for (const round of [1, 2, 3]) {
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       require(workerData.addon).start(workerData.request, (progress) => parentPort.postMessage(progress));`,
      { eval: true, workerData },
    );
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    // one begins to copy while the other still connects
    await until(() => threads('ossea-copy') === 2, 'both connections copy');
    expect(await worker.terminate(), `round ${round}`).toBe(1);
    expect(threads('ossea-copy') + threads('ossea-job')).toBe(0);
  }
});

it('does not hold up the event loop', async () => {
  makeDisk(servers.path('src'), SIZE, 41, { hole: 0.2, zero: 0.1, data: 0.7 });
  fillGarbage(servers.path('dst'), SIZE);
  const source = await servers.file(servers.path('src'), ['-r']);
  const target = await servers.file(servers.path('dst'));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let i = 0; i < 5; i += 1) {
    const request = copyRequest({ source, target }, SIZE, servers.path(`journal${i}`));
    await engine.copy(request, { signal: never, onProgress: () => undefined });
  }
  delay.disable();
  const p99Ms = delay.percentile(99) / 1e6;
  console.log(`event loop delay while copying: p50 ${delay.percentile(50) / 1e6} ms, p99 ${p99Ms} ms`);
  expect(p99Ms).toBeLessThan(25);
});

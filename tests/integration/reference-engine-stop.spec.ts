import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ReferenceEngine } from '@ossea/copy-engine';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MIB, fillGarbage, makeDisk } from '../../native/nbd/test/disks.js';
import { copyRequest } from '../../native/nbd/test/engine.js';
import { NbdServers, type NbdServer } from '../../native/nbd/test/nbd-servers.js';

/* The native engine's specs of the same name look into its threads; these are what is left for this one. */
const SIZE = 16 * MIB;
const SLOWLY = ['rate=50M', 'burstiness=0.05'];
const engine = new ReferenceEngine();
let servers: NbdServers;
let ends: { source: NbdServer; target: NbdServer };

beforeEach(async () => {
  servers = new NbdServers(spawn);
  makeDisk(servers.path('src'), SIZE, 50, { hole: 0, zero: 0.1, data: 0.9 });
  fillGarbage(servers.path('dst'), SIZE);
  ends = {
    source: await servers.file(servers.path('src'), ['-r']),
    target: await servers.nbdkit(['--filter=rate', 'file', servers.path('dst'), ...SLOWLY]),
  };
});
afterEach(() => servers.stop());

it.each([
  ['is cancelled in mid-copy', () => undefined],
  ['is cancelled while the target hangs', () => ends.target.signal('SIGSTOP')],
  ['is cancelled while the source hangs', () => ends.source.signal('SIGSTOP')],
])('a copy that %s stops soon, and nothing is written afterwards', async (_what, before) => {
  const abort = new AbortController();
  let abortedAtMs = 0;
  const copying = engine.copy(copyRequest(ends, SIZE, servers.path('journal')), {
    signal: abort.signal,
    onProgress: () => {
      if (abortedAtMs > 0) return;
      before();
      abortedAtMs = performance.now();
      abort.abort();
    },
  });
  await expect(copying).rejects.toMatchObject({ code: 'call.aborted' });
  expect(performance.now() - abortedAtMs).toBeLessThan(2_000);
  const atTheEnd = readFileSync(servers.path('dst'));
  // longer than the slow target takes for a request that somebody had left behind
  await delay(400);
  expect(readFileSync(servers.path('dst')).equals(atTheEnd)).toBe(true);
});

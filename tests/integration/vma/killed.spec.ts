import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StartCopy } from '@ossea/agent-protocol';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { NbdServers, type NbdServer } from '../../../native/nbd/test/nbd-servers.js';
import type { VmaConfigInput } from '../../../apps/vma/src/start-vma.js';
import { until } from '../../stack/probe.js';
import { AgentApi } from './agent-api.js';
import { VmaProcess } from './vma-process.js';
import { VmaSite } from './vma-site.js';

/* A VMA that dies in the middle of a copy, by force or on request, needs no repair: its next life goes on. */

const PROGRAM = fileURLToPath(new URL('disk-vma.mjs', import.meta.url));
/** More than lies between two checkpoints of the journal. */
const BYTES_BEFORE = 80 << 20;
const SIZE_BYTES = 128 << 20;

let site: VmaSite;
let servers: NbdServers;
let directory: string;
let config: VmaConfigInput;
let vmaId: string;
let source: Buffer;
let socket: string;
let target: string;
let vma: VmaProcess;
let disk: NbdServer | undefined;
let api: AgentApi;
beforeAll(async () => {
  site = await VmaSite.start();
  servers = new NbdServers(spawn);
  directory = await mkdtemp(join(tmpdir(), 'ki-'));
  source = randomFillSync(Buffer.alloc(SIZE_BYTES));
  await writeFile(join(directory, 'source'), source);
  socket = join(directory, 'source.sock');
  target = join(directory, 'target');
  await writeFile(target, '');
  await truncate(target, SIZE_BYTES);
  config = await site.config();
  ({ vmaId } = await site.enrol(config));
  site.decide('approved');
  await servers.storageDaemon(target, 'raw', site.nbdSocketPath(vmaId));
});
afterEach(() => vma.end('SIGKILL'));
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await servers.stop();
  await rm(directory, { recursive: true, force: true });
});

const order: StartCopy = {
  session: 'conn_1',
  disk: 'd',
  snapshot: 's',
  exportName: 'vol',
  sizeBytes: SIZE_BYTES,
  work: { kind: 'full', targetIsZero: false },
  journalIdentity: 'cycle-1',
  correlationId: 'cor-1',
};

/** A new life, connected, with its session open and the copy asked for. */
async function live(copy: string): Promise<void> {
  // Debian 12's nbdkit aborts when its client dies in mid-answer, so each life gets its own
  await disk?.kill('SIGKILL');
  disk = await servers.nbdkit(['--filter=rate', 'file', join(directory, 'source'), 'rate=400M'], socket);
  const argument = JSON.stringify({ config, socket, sizeBytes: SIZE_BYTES });
  vma = VmaProcess.start(config.stateDir, {}, [argument], PROGRAM);
  const { agentSocketPath } = await vma.ready('approved');
  await until('it is connected', () => site.connected.has(vmaId));
  api = new AgentApi({ socketPath: agentSocketPath }, site.agentKeys.privateKey, vmaId);
  expect((await api.openSession('conn_1', 'disk', {})).status).toBe(200);
  expect((await api.startCopy(copy, order)).status).toBe(200);
}

async function die(copy: string, signal: NodeJS.Signals) {
  await api.copyEvents(copy, (event) => 'progress' in event && event.progress.bytesDone > BYTES_BEFORE);
  const beganMs = performance.now();
  const ended = await vma.end(signal);
  await until('the OMA has noticed', () => !site.connected.has(vmaId));
  return { ...ended, tookMs: performance.now() - beganMs };
}

it.each([
  ['killed', 'SIGKILL', { code: null, signal: 'SIGKILL' }],
  ['told to stop', 'SIGTERM', { code: 0, signal: null }],
] as const)('continues a copy in whose midst it was %s', async (_what, signal, ending) => {
  const copy = `copy-${signal}`;
  await truncate(target, 0);
  await truncate(target, SIZE_BYTES);
  await live(copy);
  const { tookMs, ...ended } = await die(copy, signal);
  expect(ended).toEqual(ending);
  expect(tookMs).toBeLessThan(10_000);
  await live(copy);
  const end = (await api.copyEvents(copy)).at(-1);
  expect(end).toMatchObject({ result: { bytesDone: SIZE_BYTES } });
  const { bytesResumed, bytesRead } = (end as { result: { bytesResumed: number; bytesRead: number } }).result;
  expect(bytesResumed).toBeGreaterThan(0);
  expect(bytesRead).toBe(SIZE_BYTES - bytesResumed);
  expect((await readFile(target)).equals(source)).toBe(true);
});

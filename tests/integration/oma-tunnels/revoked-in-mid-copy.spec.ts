import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SshConnection } from '@ossea/tunnel';
import { MigrationError } from '@ossea/errors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StateFiles } from '../../../apps/vma/src/start-vma.js';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { until } from '../../stack/probe.js';
import { TunnelSite, accepts, type EnrolledVma } from './tunnel-site.js';

/*
 * Invariant S3: a VMA is revoked while it writes as fast as it can. What counts is the last byte that its NBD server
 * wrote, by the disk's own time stamp, and whether the key ever gets in again.
 */
const ROUNDS = Number(process.env['OSSEA_ROUNDS'] ?? 3);
const LAST_BYTE_WITHIN_MS = 5_000;
const REFUSED_WITHIN_MS = 1_000;
const EXPORT = 'vol';
const DISK_BYTES = 64 << 20;
/** Written before it is revoked: the copy is in full swing. */
const UNDER_WAY_BYTES = 32 << 20;

let site: TunnelSite;
let hostKeyFingerprint: string;
beforeAll(async () => {
  site = await TunnelSite.start();
  ({ hostKeyFingerprint } = await site.pairingCode());
});
afterAll(() => site[Symbol.asyncDispose]());

/** Milliseconds from the request to revoke, the log-ins from its answer. */
interface Round {
  readonly 'last byte': number;
  readonly 'copy ended': number;
  readonly answer: number;
  readonly 'last log-in after the answer': number;
  readonly 'first refusal after the answer': number;
  readonly 'MiB/s before': number;
}
/** Disks of those that were revoked, with the time of the last byte. */
const lastBytes = new Map<string, number>();
const revokedKeys: string[] = [];

const modified = async (path: string): Promise<number> => (await stat(path)).mtimeMs;
const writtenBytes = async (pid: number): Promise<number> =>
  Number(/^wchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1]);

/** A process of the test's, and when it ended. */
function child(command: string, args: readonly string[]) {
  const started = spawn(command, args, { stdio: 'ignore' });
  const ended = new Promise<number>((resolve) => started.once('exit', () => resolve(Date.now())));
  site.later(async () => {
    started.kill();
    await ended;
  });
  return { pid: started.pid!, ended };
}

/** Whether the key gets in: the OMA must say no to it, nothing else counts as one. */
async function logsIn(privateKey: string): Promise<boolean> {
  const options = { host: '127.0.0.1', port: site.port, username: 'vma', privateKey, hostKeyFingerprint };
  try {
    (await SshConnection.dial(options, AbortSignal.timeout(15_000))).destroy();
    return true;
  } catch (error) {
    if (error instanceof MigrationError && error.code === 'auth.rejected') return false;
    throw error;
  }
}

/** Logs in again and again, until it was refused so many times in a row. */
async function keepsTrying(privateKey: string, refusals: number) {
  let [lastLogIn, firstRefusal, inARow] = [-Infinity, NaN, 0];
  while (inARow < refusals)
    try {
      const came = await logsIn(privateKey);
      const now = Date.now();
      if (came) [lastLogIn, firstRefusal, inARow] = [now, NaN, 0];
      else [firstRefusal, inARow] = [firstRefusal || now, inARow + 1];
    } catch {
      // cut while it was logging in: neither a yes nor a no
    }
  return { lastLogIn, firstRefusal };
}

async function serve(vma: EnrolledVma, image: string) {
  await writeFile(image, '');
  await truncate(image, DISK_BYTES);
  const path = nbdSocketPath(join(site.appliance.stateDir, 'run'), vma.id);
  const daemon = child('qemu-nbd', ['-t', '-e', '8', '-f', 'raw', '-x', EXPORT, '-k', path, image]);
  await until('qemu-nbd listens', () => accepts({ path }));
  return daemon;
}

async function revokeInMidCopy(): Promise<Round> {
  const vma = await site.connectedVma();
  const { privateKey } = await new StateFiles(vma.config.stateDir).keyPair();
  const image = join(site.appliance.stateDir, `${vma.id}.raw`);
  const daemon = await serve(vma, image);
  const began = Date.now();
  const copy = child('qemu-img', [
    ...['bench', '-w', '-f', 'raw', '-c', '1000000000', '-s', String(256 << 10), '-d', '16', '--pattern=165'],
    `nbd+unix:///${EXPORT}?socket=${vma.running.nbdSocketPath}`,
  ]);
  const written = () => writtenBytes(daemon.pid);
  await until('the copy is in full swing', async () => (await written()) > UNDER_WAY_BYTES, { everyMs: 10 });
  expect(await logsIn(privateKey)).toBe(true);
  const trying = keepsTrying(privateKey, 20);
  const asked = Date.now();
  const speed = (await written()) / 2 ** 20 / ((asked - began) / 1_000);
  const { status } = await site.decide('revoke', vma.id);
  const answered = Date.now();
  expect(status).toBe(200);
  const { lastLogIn, firstRefusal } = await trying;
  const ended = await copy.ended;
  const lastByte = await modified(image);
  // it was cut in the middle, not before
  expect(ended).toBeGreaterThanOrEqual(asked);
  lastBytes.set(image, lastByte);
  revokedKeys.push(privateKey);
  return {
    'last byte': lastByte - asked,
    'copy ended': ended - asked,
    answer: answered - asked,
    'last log-in after the answer': lastLogIn - answered,
    'first refusal after the answer': firstRefusal - answered,
    'MiB/s before': speed,
  };
}

function show(rounds: readonly Round[]): void {
  for (const name of Object.keys(rounds[0]!) as (keyof Round)[]) {
    const all = rounds
      .map((round) => round[name])
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    const figures = [all[0], all[all.length >> 1], all.at(-1)].map((value) => value?.toFixed(0) ?? 'none');
    process.stdout.write(`${name}: min, median, max ${figures.join(', ')} of ${all.length} rounds\n`);
  }
}

it('writes nothing more and lets the key in no more', async () => {
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS) rounds.push(await revokeInMidCopy());
  show(rounds);
  for (const round of rounds) {
    expect(round['last byte']).toBeLessThan(LAST_BYTE_WITHIN_MS);
    expect(round['last log-in after the answer']).toBeLessThan(REFUSED_WITHIN_MS);
    expect(round['first refusal after the answer']).toBeLessThan(REFUSED_WITHIN_MS);
  }
  // nor does a new tunnel server know the keys
  process.kill(await site.serverPid(), 'SIGKILL');
  await until('the tunnel server is back', () => accepts({ port: site.port, host: '127.0.0.1' }));
  for (const key of revokedKeys) expect(await until('the OMA answers', () => answerTo(key))).toBe('refused');
  for (const [image, lastByte] of lastBytes) expect(await modified(image)).toBe(lastByte);
});

const answerTo = async (key: string): Promise<string> => ((await logsIn(key)) ? 'let in' : 'refused');

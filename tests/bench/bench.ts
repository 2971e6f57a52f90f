import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fingerprint, generateKeyPair } from '@ossea/tunnel';
import { until } from '../stack/probe.js';
import { CONTENTS, fillWithGarbage, makeDisk, mustBeEqual, type Content } from './disks.js';
import { cpuSeconds, endedChildrenCpuSeconds, familyOf, median, wireBytes } from './meter.js';
import { startOpenSsh } from './open-ssh.js';

export interface BenchOptions {
  readonly rounds: number;
  readonly sizeBytes: number;
  readonly contents: readonly string[];
  readonly json: boolean;
  /** Where the images lie; in memory where there is room unless told. */
  readonly images?: string | undefined;
}
interface Sample {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly wireBytes: number;
  readonly loopDelayP99Ms?: number;
}
type Path = 'ours' | 'nbdcopy-openssh' | 'qemu-img-openssh';
const TMPFS_MAGIC = 0x01021994;
const PATHS: readonly Path[] = ['ours', 'nbdcopy-openssh', 'qemu-img-openssh'];
const here = fileURLToPath(new URL('.', import.meta.url));
const say = (text: string) => process.stderr.write(`${text}\n`);

/** A child of ours that answers in JSON lines. */
function jsonChild(file: string, args: readonly string[], input?: object) {
  const child = spawn(process.execPath, [join(here, file), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const line = await lines.next();
    if (line.done) throw new Error(`${file} ended early`);
    const answer = JSON.parse(line.value) as Record<string, unknown>;
    if (answer['error']) throw new Error(`${file}: ${String(answer['error'])}`);
    return answer;
  };
  if (input) child.stdin.end(JSON.stringify(input));
  return { child, next };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Runs a command to its end; its CPU time is found with our ended children. */
async function command(name: string, args: readonly string[]): Promise<void> {
  const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let tail = '';
  child.stderr.on('data', (data: Buffer) => (tail += data.toString()));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${name} ended with ${String(code)}: ${tail}`);
}

/** In memory where there is room, so that no disk's mood is measured along. */
function imageStorage(sizeBytes: number): { readonly directory: string; readonly kind: 'memory' | 'disk' } {
  try {
    const { type, bavail, bsize } = statfsSync('/dev/shm');
    if (type === TMPFS_MAGIC && bavail * bsize > 3 * sizeBytes)
      return { directory: '/dev/shm', kind: 'memory' };
  } catch {
    // there is none
  }
  return { directory: tmpdir(), kind: 'disk' };
}

async function benchContent(
  content: Content,
  { sizeBytes, rounds }: BenchOptions,
  directory: string,
  /** On a real disk wherever the images are: ours pays for its journal. */
  journals: string,
) {
  const [source, target] = [join(directory, 'source.raw'), join(directory, 'target.raw')];
  const [sourceSocket, targetSocket] = [join(directory, 's.sock'), join(directory, 't.sock')];
  makeDisk(source, sizeBytes, content, 20_261_124);
  fillWithGarbage(target, sizeBytes);
  const nbdkit = spawn('nbdkit', ['-f', '-r', '-U', sourceSocket, '-e', 'bench', 'file', source], {
    stdio: 'ignore',
  });
  const daemon = spawn(
    'qemu-storage-daemon',
    [
      ...['--blockdev', `driver=file,filename=${target},node-name=f,discard=unmap`],
      ...['--blockdev', 'driver=raw,file=f,node-name=n,discard=unmap'],
      ...['--nbd-server', `addr.type=unix,addr.path=${targetSocket},max-connections=0`],
      ...['--export', 'type=nbd,id=e,node-name=n,name=bench,writable=on'],
    ],
    { stdio: 'ignore' },
  );
  const info = (socket: string) =>
    command('nbdinfo', ['--size', `nbd+unix:///bench?socket=${socket}`]).then(() => true);
  await until('the NBD source answers', () => info(sourceSocket));
  await until('the storage daemon answers', () => info(targetSocket));

  const [host, vma] = [generateKeyPair(), generateKeyPair()];
  const ours = join(directory, 'o.sock');
  const keys = { hostKey: host.privateKey, fingerprint: fingerprint(host.publicKey), vmaKey: vma.privateKey };
  const server = jsonChild('tunnel-ends.process.js', ['server'], { ...keys, nbdSocketPath: targetSocket });
  const port = Number((await server.next())['port']);
  const client = jsonChild('tunnel-ends.process.js', ['client'], {
    ...keys,
    port,
    nbdSocketPath: ours,
    connections: 1,
  });
  await client.next();
  const engine = jsonChild('engine.process.js', []);
  const { engine: engineName } = await engine.next();
  const openSsh = await startOpenSsh(directory, targetSocket);
  const shared = [nbdkit.pid!, daemon.pid!];
  const uri = (socket: string) => `nbd+unix:///bench?socket=${socket}`;

  let order = 0;
  const runners: Readonly<Record<Path, () => Promise<number | undefined>>> = {
    async ours() {
      engine.child.stdin.write(
        `${JSON.stringify({
          source: { transport: 'nbd-unix', path: sourceSocket, exportName: 'bench' },
          target: { transport: 'nbd-unix', path: ours, exportName: 'bench' },
          sizeBytes,
          work: { kind: 'full', targetIsZero: false },
          journalPath: join(journals, `${content}-${order}`),
          journalIdentity: `bench-${order++}`,
        })}\n`,
      );
      return Number((await engine.next())['loopDelayP99Ms']);
    },
    async 'nbdcopy-openssh'() {
      const tuned = [
        '--connections=2',
        '--threads=2',
        '--requests=8',
        '--request-size=1048576',
        '--sparse=65536',
      ];
      await command('nbdcopy', ['--flush', ...tuned, uri(sourceSocket), uri(openSsh.socketPath)]);
      return undefined;
    },
    async 'qemu-img-openssh'() {
      const tuned = ['-n', '-f', 'raw', '-O', 'raw', '-m', '16', '-W'];
      await command('qemu-img', ['convert', ...tuned, uri(sourceSocket), uri(openSsh.socketPath)]);
      return undefined;
    },
  };
  const processesOf = (path: Path): number[] =>
    path === 'ours'
      ? [...shared, engine.child.pid!, client.child.pid!, server.child.pid!]
      : [...shared, openSsh.ssh.pid!, ...familyOf(openSsh.sshd.pid!)];
  const portOf = (path: Path) => (path === 'ours' ? port : openSsh.port);

  const samples: Record<Path, Sample[]> = { ours: [], 'nbdcopy-openssh': [], 'qemu-img-openssh': [] };
  for (let round = 0; round <= rounds; round += 1)
    for (const path of PATHS) {
      fillWithGarbage(target, sizeBytes);
      const pids = processesOf(path);
      const cpu = () => pids.reduce((total, pid) => total + cpuSeconds(pid), endedChildrenCpuSeconds());
      const [cpuBefore, wireBefore, began] = [cpu(), wireBytes(portOf(path)), performance.now()];
      const loopDelayP99Ms = await runners[path]();
      const seconds = (performance.now() - began) / 1000;
      const sample = {
        seconds,
        cpuSeconds: cpu() - cpuBefore,
        wireBytes: wireBytes(portOf(path)) - wireBefore,
        ...(loopDelayP99Ms === undefined ? {} : { loopDelayP99Ms }),
      };
      mustBeEqual(source, target, sizeBytes);
      // the first round warms the caches
      if (round > 0) samples[path].push(sample);
      say(
        `${content} ${path} round ${round}: ${seconds.toFixed(2)} s, ${sample.cpuSeconds.toFixed(2)} CPU s`,
      );
    }
  await openSsh.stop();
  for (const child of [engine.child, client.child, server.child, daemon, nbdkit]) await end(child);

  const figures = (path: Path) => {
    const of = (field: 'seconds' | 'cpuSeconds' | 'wireBytes') =>
      samples[path].map((sample) => sample[field]);
    return {
      medianSeconds: median(of('seconds')),
      minSeconds: Math.min(...of('seconds')),
      maxSeconds: Math.max(...of('seconds')),
      wireBytes: median(of('wireBytes')),
      cpuSecondsPerGiB: median(of('cpuSeconds')) / (sizeBytes / 2 ** 30),
    };
  };
  const peers = {
    'nbdcopy-openssh': figures('nbdcopy-openssh'),
    'qemu-img-openssh': figures('qemu-img-openssh'),
  };
  const ours_ = figures('ours');
  const best = Math.min(...Object.values(peers).map((peer) => peer.medianSeconds));
  return {
    content,
    link: 'loopback',
    kind: 'full',
    sizeBytes,
    rounds,
    engine: engineName,
    ours: { ...ours_, loopDelayP99Ms: median(samples.ours.map((sample) => sample.loopDelayP99Ms ?? 0)) },
    peers,
    /** Above 1: ours is faster than the faster peer. */
    ratioToBestPeer: best / ours_.medianSeconds,
  };
}

/** Copies the same disks by our path and by the peers' in alternation, and reports medians. @returns the exit code. */
export async function bench(options: BenchOptions): Promise<number> {
  const contents = options.contents.filter((name): name is Content => CONTENTS.includes(name as Content));
  if (contents.length !== options.contents.length) throw new Error(`contents are ${CONTENTS.join(', ')}`);
  const storage = options.images
    ? ({ directory: options.images, kind: 'disk' } as const)
    : imageStorage(options.sizeBytes);
  const directory = mkdtempSync(join(storage.directory, 'ob-'));
  const journals = mkdtempSync(join(tmpdir(), 'obj-'));
  try {
    const runs = [];
    for (const content of contents) {
      const inside = join(directory, content.slice(0, 1));
      mkdirSync(inside);
      runs.push(await benchContent(content, options, inside, journals));
      rmSync(inside, { recursive: true });
    }
    const box = {
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      node: process.version,
      cipher: 'aes128-gcm@openssh.com',
      images: storage.kind,
    };
    if (options.json) process.stdout.write(`${JSON.stringify({ runs, box })}\n`);
    else
      for (const run of runs)
        say(
          `${run.content}: ours ${run.ours.medianSeconds.toFixed(2)} s, ratio to the best peer ${run.ratioToBestPeer.toFixed(2)}`,
        );
    return 0;
  } finally {
    for (const one of [directory, journals]) rmSync(one, { recursive: true, force: true });
  }
}

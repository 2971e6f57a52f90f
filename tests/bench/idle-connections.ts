import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fingerprint, generateKeyPair } from '@ossea/tunnel';
import { until } from '../stack/probe.js';
import { median } from './meter.js';

export interface IdleConnectionsOptions {
  readonly rounds: number;
  readonly connections: number;
  readonly mebibytes: number;
  readonly json: boolean;
}

const ALLOWED_LOSS = 0.1;
const REQUEST_BYTES = 256 << 10;
const DISK_BYTES = 64 << 20;
const here = fileURLToPath(new URL('.', import.meta.url));

function start(
  children: ChildProcess[],
  command: string,
  args: readonly string[],
  input?: object,
): ChildProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  if (input) child.stdin.end(JSON.stringify(input));
  return child;
}

async function firstAnswer({ stdout }: ChildProcess): Promise<Record<string, unknown>> {
  for await (const line of createInterface({ input: stdout! }))
    return JSON.parse(line) as Record<string, unknown>;
  throw new Error('a process ended early');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/**
 * Writes through a tunnel in alternation with and without a flood of connections that say nothing, and compares the
 * medians. @returns the exit code: 1 when the flood costs a tenth of the speed or more.
 */
export async function idleConnections(options: IdleConnectionsOptions): Promise<number> {
  const { rounds, connections, mebibytes, json } = options;
  const directory = mkdtempSync(join(tmpdir(), 'ic-'));
  const path = (name: string) => join(directory, name);
  const children: ChildProcess[] = [];
  const ours = (file: string, args: readonly string[], input?: object) =>
    start(children, process.execPath, [join(here, file), ...args], input);
  try {
    writeFileSync(path('raw'), '');
    truncateSync(path('raw'), DISK_BYTES);
    start(children, 'qemu-nbd', ['-t', '-e', '8', '-f', 'raw', '-x', 'v', '-k', path('nbd'), path('raw')]);
    const [host, vma] = [generateKeyPair(), generateKeyPair()];
    const shared = {
      hostKey: host.privateKey,
      fingerprint: fingerprint(host.publicKey),
      vmaKey: vma.privateKey,
    };
    const server = ours('tunnel-ends.process.js', ['server'], { ...shared, nbdSocketPath: path('nbd') });
    const { port } = await firstAnswer(server);
    const local = { ...shared, port, nbdSocketPath: path('local'), connections: 1 };
    await firstAnswer(ours('tunnel-ends.process.js', ['client'], local));
    const run = async (requests: number): Promise<number> => {
      const began = performance.now();
      const sizes = ['-c', String(requests), '-s', String(REQUEST_BYTES), '-d', '16'];
      const uri = `nbd+unix:///v?socket=${path('local')}`;
      const copy = spawn('qemu-img', ['bench', '-w', '-f', 'raw', ...sizes, uri], { stdio: 'ignore' });
      const [code] = (await once(copy, 'exit')) as [number | null];
      if (code !== 0) throw new Error(`the copy ended with ${code}`);
      return (performance.now() - began) / 1_000;
    };
    await until('the tunnel carries', () => run(1));

    const seconds: Record<'quiet' | 'flooded', number[]> = { quiet: [], flooded: [] };
    const requests = Math.ceil((mebibytes * 2 ** 20) / REQUEST_BYTES);
    // the first one warms up
    await run(requests);
    for (let round = 0; round < rounds; round += 1) {
      seconds.quiet.push(await run(requests));
      const flood = ours('flood.process.js', [String(port), String(connections)]);
      await firstAnswer(flood);
      seconds.flooded.push(await run(requests));
      await end(flood);
    }
    const [quiet, flooded] = [median(seconds.quiet), median(seconds.flooded)];
    const loss = 1 - quiet / flooded;
    const speed = (medianSeconds: number) => mebibytes / medianSeconds;
    const result = {
      connections,
      rounds,
      mebibytes,
      quiet: { medianMebibytesPerSecond: speed(quiet), seconds: seconds.quiet },
      flooded: { medianMebibytesPerSecond: speed(flooded), seconds: seconds.flooded },
      loss,
    };
    process.stdout.write(
      json
        ? `${JSON.stringify(result)}\n`
        : `${speed(quiet).toFixed(0)} MiB/s alone, ${speed(flooded).toFixed(0)} MiB/s beside ${connections} idle connections: ${(100 * loss).toFixed(1)} % lost\n`,
    );
    return loss < ALLOWED_LOSS ? 0 : 1;
  } finally {
    for (const child of children.reverse()) await end(child);
    rmSync(directory, { recursive: true, force: true });
  }
}

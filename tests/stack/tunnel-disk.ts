import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stack } from './launch-stack.js';
import { until } from './probe.js';

const EXPORT = 'v';
const REQUEST_BYTES = 256 << 10;

/** A disk where the tunnel server takes the first VMA of a stack, written through the tunnel from the VMA's side. */
export class TunnelDisk implements AsyncDisposable {
  private constructor(
    readonly image: string,
    private readonly uri: string,
    private readonly end: () => Promise<unknown>,
  ) {}

  static async serve(stack: Stack, sizeBytes: number): Promise<TunnelDisk> {
    const [site] = stack.sites;
    if (!site) throw new Error('the stack has no VMA');
    const image = join(stack.scratchDir, 'tunnel-disk.raw');
    await writeFile(image, '');
    await truncate(image, sizeBytes);
    // where the OMA has the storage daemon of a VMA; none runs while nothing is replicated
    const name = createHash('sha256').update(site.vmaId).digest('hex').slice(0, 10);
    const socket = join(stack.oma.stateDir, 'run', `vma-${name}.sock`);
    const options = ['-t', '-e', '8', '-f', 'raw', '-x', EXPORT, '-k', socket, image];
    const daemon = spawn('qemu-nbd', options, { stdio: 'ignore' });
    const ended = once(daemon, 'exit');
    const uri = `nbd+unix:///${EXPORT}?socket=${site.vma.ready.nbdSocketPath}`;
    const disk = new TunnelDisk(image, uri, () => {
      daemon.kill();
      return ended;
    });
    try {
      await until('the tunnel carries', () => disk.write(1), { timeoutMs: 30_000 });
      return disk;
    } catch (error) {
      await disk[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Writes so many bytes as fast as it can. @returns the seconds that it took. */
  async write(bytes: number): Promise<number> {
    const began = performance.now();
    const count = String(Math.ceil(bytes / REQUEST_BYTES));
    await run('qemu-img', [
      ...['bench', '-w', '-f', 'raw', '-c', count, '-s', String(REQUEST_BYTES), '-d', '16'],
      this.uri,
    ]);
    return (performance.now() - began) / 1_000;
  }

  /** Copies a file onto it. */
  async copy(file: string): Promise<void> {
    await run('qemu-img', ['convert', '-n', '-f', 'raw', '-O', 'raw', file, this.uri]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

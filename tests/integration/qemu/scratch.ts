import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createProcessRunner } from '@ossea/process';

export const run = createProcessRunner();
export const signal = new AbortController().signal;
export const MIB = 1 << 20;

/** A short directory of its own, because Unix sockets lie in it. */
export async function scratchDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'q-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export const nbdUri = (socket: string, exportName: string): string =>
  `nbd+unix:///${exportName}?socket=${socket}`;

/** Runs qemu-io commands on an image or an NBD export. */
export async function qemuIo(target: string, format: 'raw' | 'qcow2', ...commands: string[]): Promise<void> {
  const readOnly = commands.every((command) => command.startsWith('read')) ? ['-r'] : [];
  const args = [...readOnly, '-f', format, ...commands.flatMap((command) => ['-c', command]), target];
  const { stdout } = await run.exec({ command: 'qemu-io', args }, { signal });
  // qemu-io says in words what it could not do, and ends with 0 all the same
  if (/Pattern verification failed|error|failed/i.test(stdout)) throw new Error(stdout);
}

/** SHA-256 of what a guest would read. */
export async function contentHash(path: string, format: 'raw' | 'qcow2', scratch: string): Promise<string> {
  const raw = join(scratch, 'content.raw');
  await run.exec(
    { command: 'qemu-img', args: ['convert', '-f', format, '-O', 'raw', path, raw] },
    { signal },
  );
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(raw)) hash.update(chunk as Buffer);
  await rm(raw);
  return hash.digest('hex');
}

/** Polls until a condition holds; a test that waits for ever fails instead. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

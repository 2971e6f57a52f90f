import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NbdAddress } from '@ossea/copy-engine';

/** What is needed of a child process. Specs hand in `spawn`, because only they may import it. */
interface Child {
  readonly exitCode: number | null;
  readonly signalCode: string | null;
  kill(signal: NodeJS.Signals): boolean;
  once(event: 'exit' | 'error', listener: () => void): unknown;
}
type Spawn = (
  file: string,
  args: readonly string[],
  options: { stdio: 'ignore'; env: NodeJS.ProcessEnv },
) => Child;

export interface NbdServer {
  readonly address: NbdAddress;
  /** Of its socket. */
  readonly path: string;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Signals without waiting for an end: SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void;
}

export async function until(condition: () => boolean, what: string, deadlineMs = 20_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`timed out: ${what}`);
    await delay(5);
  }
}

/**
 * Whether somebody listens there, asked without connecting: some servers count their connections. That the file
 * exists says less: it is there between bind and listen, when a connection is still refused.
 */
function listens(path: string): boolean {
  const ACCEPTS = '00010000';
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .some((line) => line.endsWith(` ${path}`) && line.trim().split(/\s+/)[3] === ACCEPTS);
}

/** Real NBD servers on Unix sockets in a directory of their own; `stop` leaves nothing behind. */
export class NbdServers {
  readonly dir = mkdtempSync(join(tmpdir(), 'nbd-'));
  private readonly children = new Set<Child>();
  private count = 0;

  constructor(private readonly spawn: Spawn) {}

  path(name: string): string {
    return join(this.dir, name);
  }

  /** `nbdkit` with these arguments, in the foreground. */
  nbdkit(args: readonly string[], socket = this.nextSocket()): Promise<NbdServer> {
    return this.start('nbdkit', ['-f', '-U', socket, ...args], socket, '');
  }

  /** A file as it is. */
  file(path: string, args: readonly string[] = [], socket?: string): Promise<NbdServer> {
    return this.nbdkit([...args, 'file', path], socket);
  }

  /** What the product runs at the target. */
  storageDaemon(file: string, format: 'raw' | 'qcow2', socket = this.nextSocket()): Promise<NbdServer> {
    const args = [
      ...['--blockdev', `driver=file,node-name=f,filename=${file},discard=unmap`],
      ...['--blockdev', `driver=${format},node-name=n,file=f,discard=unmap`],
      ...['--nbd-server', `addr.type=unix,addr.path=${socket},max-connections=0`],
      ...['--export', 'type=nbd,id=e,node-name=n,name=vol,writable=on'],
    ];
    return this.start('qemu-storage-daemon', args, socket, 'vol');
  }

  nextSocket(): string {
    this.count += 1;
    return this.path(`${this.count}.sock`);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.children].map((child) => this.end(child, 'SIGKILL')));
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async start(
    file: string,
    args: readonly string[],
    path: string,
    exportName: string,
  ): Promise<NbdServer> {
    rmSync(path, { force: true });
    const child = this.spawn(file, args, { stdio: 'ignore', env: { ...process.env, TMPDIR: this.dir } });
    let failed = false;
    child.once('error', () => (failed = true));
    this.children.add(child);
    const gone = (): boolean => failed || child.exitCode !== null || child.signalCode !== null;
    await until(() => listens(path) || gone(), `${file} listens`);
    if (gone()) throw new Error(`${file} ended at once: ${args.join(' ')}`);
    return {
      address: { transport: 'nbd-unix', path, exportName },
      path,
      kill: (signal) => this.end(child, signal),
      signal: (signal) => void child.kill(signal),
    };
  }

  private async end(child: Child, signal: NodeJS.Signals): Promise<void> {
    this.children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }
}

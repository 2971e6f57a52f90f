import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './probe.js';

/** From the sources, or from what the build makes of them. */
const root = fileURLToPath(new URL('.', import.meta.url)).replace(/tests\/(dist\/)?stack\/$/, '');

/** One of the two appliances as a process of its own, as an operator runs it. */
export class Appliance<Ready extends { readonly pid: number }> {
  private child: ChildProcess | undefined;
  ready!: Ready;

  constructor(
    readonly name: 'oma' | 'vma',
    readonly stateDir: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly logFile: string,
  ) {}

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`the ${this.name} does not run`);
    return this.child.pid;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it and comes back when it says that it is ready. */
  async start(): Promise<void> {
    const readyFile = join(this.stateDir, 'ready.json');
    await rm(readyFile, { force: true });
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, [join(root, `apps/${this.name}/dist/main.js`)], {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', ...this.env },
      stdio: ['ignore', log, log],
      // Ctrl-C is for whoever started the stack: it stops the appliances in order
      detached: true,
    });
    closeSync(log);
    this.child = child;
    const ended = new Promise<never>((_resolve, reject) => {
      child.once('exit', () => {
        void this.logTail().then((tail) => reject(new Error(`the ${this.name} ended: ${tail}`)));
      });
    });
    // an end after the start is somebody else's affair
    ended.catch(() => undefined);
    const ready = until(
      `the ${this.name} is ready`,
      async () => {
        const ready = JSON.parse(await readFile(readyFile, 'utf8')) as Ready;
        return ready.pid === child.pid ? ready : undefined;
      },
      { timeoutMs: 60_000 },
    );
    ready.catch(() => undefined);
    this.ready = await Promise.race([ready, ended]);
  }

  /** Runs a command of the appliance to its end; `input` is its standard input. */
  command(args: readonly string[], input: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(root, `apps/${this.name}/dist/main.js`), ...args], {
        cwd: root,
        env: { PATH: process.env['PATH'] ?? '', ...this.env },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let [out, errors] = ['', ''];
      child.stdout.on('data', (data: Buffer) => (out += data.toString()));
      child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
      child.once('error', reject);
      child.once('close', (code) => (code === 0 ? resolve(out) : reject(new Error(errors || out))));
      child.stdin.end(input);
    });
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async logTail(bytes = 2_000): Promise<string> {
    return (await readFile(this.logFile, 'utf8')).slice(-bytes);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || !this.running) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

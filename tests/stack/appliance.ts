import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NeverError, until } from './probe.js';
import { repositoryRoot } from './repository-root.js';

/** An appliance that has not ended by then is stuck. */
const STOP_WITHIN_MS = 60_000;

export interface ApplianceOptions {
  /** A command in front of it that becomes it, such as `nsenter`. */
  readonly through?: readonly string[];
  /** Another program that starts it, with its arguments. */
  readonly program?: readonly string[];
}

/** One of the two appliances as a process of its own, as an operator runs it. */
export class Appliance<Ready extends { readonly pid: number }> {
  private child: ChildProcess | undefined;
  private readyNow: Ready | undefined;

  constructor(
    readonly name: 'oma' | 'vma',
    readonly stateDir: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly logFile: string,
    private readonly options: ApplianceOptions = {},
  ) {}

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`the ${this.name} does not run`);
    return this.child.pid;
  }

  /** What it said when it was ready. */
  get ready(): Ready {
    if (!this.readyNow) throw new Error(`the ${this.name} was never ready`);
    return this.readyNow;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it and comes back when it says that it is ready. */
  async start(signal?: AbortSignal): Promise<void> {
    const readyFile = join(this.stateDir, 'ready.json');
    await rm(readyFile, { force: true });
    const log = openSync(this.logFile, 'a');
    const [command, args] = this.commandLine(this.options.program ?? this.main());
    const child = spawn(command, args, {
      cwd: repositoryRoot,
      env: this.environment,
      stdio: ['ignore', log, log],
      // Ctrl-C is for whoever started the stack: it stops the appliances in order
      detached: true,
    });
    closeSync(log);
    this.child = child;
    this.readyNow = await until(
      `the ${this.name} is ready`,
      async () => {
        if (!this.running) throw new NeverError(`the ${this.name} ended: ${await this.logTail()}`);
        const ready = JSON.parse(await readFile(readyFile, 'utf8')) as Ready;
        return ready.pid === child.pid ? ready : undefined;
      },
      { timeoutMs: 120_000, ...(signal ? { signal } : {}) },
    );
  }

  /** Runs a command of the appliance to its end; `input` is its standard input. */
  command(args: readonly string[], input: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(...this.commandLine([...this.main(), ...args]), {
        cwd: repositoryRoot,
        env: this.environment,
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

  /** Stops it as systemd does. Throws when it had to be killed. */
  async stop(): Promise<void> {
    if (await this.end('SIGTERM', STOP_WITHIN_MS)) return;
    await this.end('SIGKILL', STOP_WITHIN_MS);
    throw new Error(`the ${this.name} did not stop: ${await this.logTail()}`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.end('SIGKILL', STOP_WITHIN_MS);
  }

  async logTail(bytes = 2_000): Promise<string> {
    return (await readFile(this.logFile, 'utf8')).slice(-bytes);
  }

  private main(): string[] {
    return [join(repositoryRoot, `apps/${this.name}/dist/main.js`)];
  }

  private commandLine(program: readonly string[]): [string, string[]] {
    const [command = '', ...args] = [...(this.options.through ?? []), process.execPath, ...program];
    return [command, args];
  }

  private get environment(): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', ...this.env };
  }

  private async end(signal: NodeJS.Signals, withinMs: number): Promise<boolean> {
    const child = this.child;
    if (!child || !this.running) return true;
    const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)));
    child.kill(signal);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), withinMs)));
    const inTime = await Promise.race([ended, tooLate]);
    clearTimeout(timer);
    return inTime;
  }
}

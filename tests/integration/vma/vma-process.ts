import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../stack/probe.js';

const MAIN = fileURLToPath(new URL('../../../apps/vma/dist/main.js', import.meta.url));

export interface Ready {
  readonly pid: number;
  readonly apiPort: number;
  readonly agentSocketPath: string;
  readonly nbdSocketPath: string;
  readonly nbdPort?: number;
  readonly state: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A VMA as an operator runs it: the built program in a process of its own. */
export class VmaProcess {
  /** Standard output and error, as far as they have come. */
  output = '';
  errors = '';
  readonly ended: Promise<Ended>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly stateDir: string,
  ) {
    child.stdout?.on('data', (data: Buffer) => (this.output += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (this.errors += data.toString()));
    this.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /** @param args of the program, or another program and its arguments. */
  static start(
    stateDir: string,
    env: Readonly<Record<string, string>>,
    args: readonly string[] = [],
    program = MAIN,
  ): VmaProcess {
    const child = spawn(process.execPath, [program, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new VmaProcess(child, stateDir);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  say(line: string): void {
    this.child.stdin?.write(line);
  }

  /** Comes back when `ready.json` is this process's and says so. */
  ready(state?: string): Promise<Ready> {
    return until(
      `ready.json says ${state ?? 'anything'}`,
      async () => {
        if (this.child.exitCode !== null) throw new Error(`it ended: ${this.errors}${this.output}`);
        const ready = JSON.parse(await readFile(join(this.stateDir, 'ready.json'), 'utf8')) as Ready;
        return ready.pid === this.pid && (state === undefined || ready.state === state) ? ready : undefined;
      },
      { timeoutMs: 60_000 },
    );
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill(signal);
      await exited;
    }
    return this.ended;
  }
}

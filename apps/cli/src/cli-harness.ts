import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Input } from './input.js';
import { runCli } from './run-cli.js';
import { StubOma } from './stub-oma.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

class Collected extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** The command line against an appliance that answers as it is told, with a home of its own. */
export class CliHarness implements AsyncDisposable {
  readonly interrupted = new AbortController();

  private constructor(
    readonly oma: StubOma,
    readonly configDir: string,
  ) {}

  static async start(): Promise<CliHarness> {
    return new CliHarness(await StubOma.start(), await mkdtemp(join(tmpdir(), 'cli-')));
  }

  /** Runs `ossea …` as a script that has a token. */
  run(args: readonly string[], stdin = ''): Promise<Ran> {
    return this.runWith(args, { server: this.oma.url, token: 'tok-1' }, scripted(stdin));
  }

  /** Runs it with nothing in the environment. */
  runBare(args: readonly string[], stdin = ''): Promise<Ran> {
    return this.runWith(args, {}, scripted(stdin));
  }

  private async runWith(
    args: readonly string[],
    environment: { server?: string; token?: string },
    stdin: Input,
  ): Promise<Ran> {
    const [stdout, stderr] = [new Collected(), new Collected()];
    const code = await runCli(args, {
      environment: { ...environment, configDir: this.configDir },
      stdin,
      stdout,
      stderr,
      signal: this.interrupted.signal,
    });
    return { code, out: stdout.text, err: stderr.text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.oma[Symbol.asyncDispose]();
    await rm(this.configDir, { recursive: true, force: true });
  }
}

function scripted(text: string): Input {
  return Readable.from(text === '' ? [] : [text]);
}

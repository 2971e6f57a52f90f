import { tmpdir } from 'node:os';
import { Readable, Writable } from 'node:stream';
import { runCli } from '../../../apps/cli/src/run-cli.js';

class Collected extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs `ossea …` as a script does that has a token. */
export async function runOssea(
  args: readonly string[],
  login: { readonly server: string; readonly token: string },
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const code = await runCli(args, {
    environment: { ...login, configDir: tmpdir() },
    stdin: Readable.from([]),
    stdout,
    stderr,
    signal: new AbortController().signal,
  });
  return { code, out: stdout.text, err: stderr.text };
}

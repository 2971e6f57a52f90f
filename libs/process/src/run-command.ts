import { throwIfAborted } from '@ossea/errors';
import type { CallSignal, CommandResult, CommandSpec, ProcessLogger } from './process-spec.js';
import { spawnChild } from './spawn-child.js';
import { StderrRing } from './stderr-ring.js';
import { describeExit, failure } from './supervised-process.js';

const MAX_OUTPUT_BYTES = 256 << 20;
/** How long the pipes may stay open after the command's end, when a daemon that it left behind holds them. */
const PIPE_GRACE_MS = 2_000;

/** Runs a command to its end; see `ProcessRunner.exec`. */
export async function runCommand(
  spec: CommandSpec,
  { signal }: CallSignal,
  log?: ProcessLogger,
): Promise<CommandResult> {
  throwIfAborted(signal);
  const startedAt = performance.now();
  const spawned = await spawnChild({
    command: spec.command,
    args: spec.args,
    name: spec.command,
    diesWithHost: true,
    stdio: [spec.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(spec.stdin === undefined ? {} : { stdin: spec.stdin }),
  });
  const { child } = spawned;
  const stdout: Buffer[] = [];
  let stdoutBytes = 0;
  const ring = new StderrRing();
  let killedFor: 'time' | 'size' | undefined;
  child.stdout?.on('data', (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (stdoutBytes <= MAX_OUTPUT_BYTES) stdout.push(chunk);
    else {
      killedFor ??= 'size';
      spawned.kill('SIGKILL');
    }
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => ring.add(text));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = (): void => spawned.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const timer =
    spec.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          killedFor ??= 'time';
          stop();
        }, spec.timeoutMs);
  const exit = await spawned.exited;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  await drained(closed);
  child.stdout?.destroy();
  child.stderr?.destroy();
  log?.debug(`${spec.command} ended`, { ...exit, milliseconds: Math.round(performance.now() - startedAt) });
  throwIfAborted(signal);
  const tail = ring.tail();
  if (killedFor === 'time') {
    throw failure('process.failed', `${spec.command} did not end within ${spec.timeoutMs} ms`, tail, exit);
  }
  if (killedFor === 'size') throw failure('process.failed', `${spec.command} said too much`, tail, exit);
  if (exit.code === null || (exit.code !== 0 && !spec.okCodes?.includes(exit.code))) {
    throw failure('process.failed', `${spec.command} failed (${describeExit(exit)})`, tail, exit);
  }
  return { stdout: Buffer.concat(stdout).toString('utf8'), stderr: tail };
}

async function drained(closed: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([closed, new Promise<void>((resolve) => (timer = setTimeout(resolve, PIPE_GRACE_MS)))]);
  clearTimeout(timer);
}

import { open, mkdtemp, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MigrationError, redact, throwIfAborted } from '@ossea/errors';
import type { CallSignal, ProcessExit, ProcessLogger, ProcessSpec, RunningProcess } from './process-spec.js';
import { whenReady } from './readiness.js';
import { spawnChild, type SpawnedChild } from './spawn-child.js';
import { StderrLines, StderrRing, lastWords } from './stderr-ring.js';

const READY_TIMEOUT_MS = 15_000;
const GRACE_MS = 5_000;
const TAIL_BYTES = 16_384;

/** Where a child's standard error goes, and how its end is read. */
interface StderrSink {
  readonly stdio: 'pipe' | number;
  attach(child: SpawnedChild): void;
  refresh(): Promise<void>;
  tail(): string;
  close(): Promise<void>;
}

function pipeSink(onLine?: (line: string) => void): StderrSink {
  const ring = new StderrRing();
  return {
    stdio: 'pipe',
    attach({ child }) {
      const lines = onLine && new StderrLines(onLine);
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        ring.add(text);
        lines?.add(text);
      });
    },
    refresh: async () => undefined,
    tail: () => ring.tail(),
    close: async () => undefined,
  };
}

/**
 * A detached child must not hang on a pipe of a host that may die: it writes to a nameless file, which is gone
 * with its last user.
 */
async function fileSink(): Promise<StderrSink> {
  const directory = await mkdtemp(join(tmpdir(), 'stderr-'));
  const file: FileHandle = await open(join(directory, 'stderr'), 'ax+', 0o600);
  await rm(directory, { recursive: true });
  let kept = '';
  let closed = false;
  return {
    stdio: file.fd,
    attach: () => undefined,
    async refresh() {
      if (closed) return;
      const { size } = await file.stat();
      const length = Math.min(size, TAIL_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      kept = redact(buffer.toString('utf8', 0, bytesRead)).trim();
    },
    tail: () => kept,
    async close() {
      closed = true;
      await file.close();
    },
  };
}

/** One long-lived child: started, probed until it is ready, ended when it is disposed. */
export class SupervisedProcess implements RunningProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  private stopping: Promise<void> | undefined;

  private constructor(
    private readonly spawned: SpawnedChild,
    private readonly sink: StderrSink,
  ) {
    this.pid = spawned.pid;
    this.exited = spawned.exited;
  }

  static async start(
    spec: ProcessSpec,
    { signal }: CallSignal,
    log?: ProcessLogger,
  ): Promise<SupervisedProcess> {
    throwIfAborted(signal);
    const name = spec.name ?? spec.command;
    const detached = spec.detached ?? false;
    const sink = detached ? await fileSink() : pipeSink(spec.onStderrLine);
    let running: SupervisedProcess;
    try {
      const spawned = await spawnChild({
        command: spec.command,
        args: spec.args,
        name,
        diesWithHost: !detached,
        stdio: spec.connection
          ? [spec.connection, spec.connection, sink.stdio]
          : [spec.stdin === undefined ? 'ignore' : 'pipe', 'ignore', sink.stdio],
        ...(spec.stdin === undefined ? {} : { stdin: spec.stdin }),
        ...(spec.env === undefined ? {} : { env: spec.env }),
        ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      });
      sink.attach(spawned);
      running = new SupervisedProcess(spawned, sink);
      if (detached) spawned.child.unref();
    } catch (error) {
      await sink.close();
      throw error;
    }
    log?.debug(`${name} started`, { pid: running.pid, args: spec.args.map(redact) });
    void running.exited.then((exit) => log?.debug(`${name} ended`, { pid: running.pid, ...exit }));
    try {
      await running.ready(spec, name, signal);
      // what a detached child says later is for its own log: nothing here may hold its file open
      if (detached) await sink.close();
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
    return running;
  }

  stderrTail(): string {
    return this.sink.tail();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stopping ??= this.stop();
    return this.stopping;
  }

  private async stop(): Promise<void> {
    this.spawned.kill('SIGTERM');
    const killer = setTimeout(() => this.spawned.kill('SIGKILL'), GRACE_MS);
    await this.exited;
    clearTimeout(killer);
    await this.sink.refresh();
    await this.sink.close();
  }

  private async ready(spec: ProcessSpec, name: string, signal: AbortSignal): Promise<void> {
    const timeoutMs = spec.readyTimeoutMs ?? READY_TIMEOUT_MS;
    const enough = new AbortController();
    const timer = setTimeout(() => enough.abort(), timeoutMs);
    const probing = AbortSignal.any([signal, enough.signal]);
    try {
      const outcome = await Promise.race([
        whenReady(spec.readyWhen, probing).then((ready) => (ready ? 'ready' : 'late')),
        this.exited,
      ]);
      if (outcome === 'ready') {
        await this.sink.refresh();
        return;
      }
      throwIfAborted(signal);
      await this.sink.refresh();
      throw outcome === 'late'
        ? failure('process.not-ready', `${name} was not ready after ${timeoutMs} ms`, this.stderrTail(), {})
        : endedEarly(name, outcome, this.stderrTail());
    } finally {
      clearTimeout(timer);
      enough.abort();
    }
  }
}

function endedEarly(name: string, exit: ProcessExit, tail: string): MigrationError {
  return failure('process.failed', `${name} ended (${describeExit(exit)}) before it was ready`, tail, exit);
}

export function describeExit({ code, signal }: ProcessExit): string {
  return signal === null ? `exit code ${code ?? 'unknown'}` : signal;
}

/** A failure of a child, with the end of what it said. */
export function failure(
  code: 'process.failed' | 'process.not-ready',
  what: string,
  tail: string,
  exit: Partial<ProcessExit>,
): MigrationError {
  return new MigrationError(code, tail === '' ? `${what}.` : `${what}: ${lastWords(tail)}`, {
    cause: new Error(tail === '' ? 'It said nothing on standard error.' : tail),
    context: {
      ...(typeof exit.code === 'number' ? { exitCode: exit.code } : {}),
      ...(typeof exit.signal === 'string' ? { signal: exit.signal } : {}),
    },
  });
}

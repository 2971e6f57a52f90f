import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';
import { childEnvironment, findProgram } from './find-program.js';
import type { ProcessExit } from './process-spec.js';

export interface SpawnPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly name: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the kernel kills the child when the host dies. */
  readonly diesWithHost: boolean;
  readonly stdio: StdioOptions;
  readonly stdin?: string | Uint8Array;
}

export interface SpawnedChild {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** Signals the child and its own children; nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
}

/**
 * Spawns a child in a session of its own, so that a Ctrl-C at the host's terminal reaches the host alone, which
 * then ends its children in order. `setpriv --pdeathsig` makes the kernel kill it when the host dies in any way.
 * Throws `process.missing` or `process.failed`.
 */
export async function spawnChild(plan: SpawnPlan): Promise<SpawnedChild> {
  const env = childEnvironment(plan.env);
  const program = await findProgram(plan.command, env['PATH']);
  const setpriv = plan.diesWithHost ? await findProgram('setpriv') : undefined;
  if (plan.cwd !== undefined && !(await stat(plan.cwd).catch(() => undefined))?.isDirectory()) {
    throw new MigrationError('process.failed', `${plan.name} cannot start in a directory that is not there.`);
  }
  const [command, args] = setpriv
    ? [setpriv, ['--pdeathsig', 'SIGKILL', '--', program, ...plan.args]]
    : [program, [...plan.args]];
  let child: ChildProcess;
  try {
    child = spawn(command, args, options(plan, env));
  } catch (cause) {
    // a connection that was closed meanwhile cannot be handed over
    throw new MigrationError('process.failed', `${plan.name} cannot be started.`, { cause });
  }
  let ended = false;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
    child.once('error', () => {
      if (child.pid !== undefined) return;
      ended = true;
      resolve({ code: null, signal: null });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new MigrationError('process.failed', `${plan.name} cannot be started.`, { cause })),
    );
  });
  // a child that closed its input early is judged by its exit code, not by the broken pipe
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(plan.stdin ?? '');
  const pid = child.pid!;
  return {
    child,
    pid,
    exited,
    kill(signal) {
      if (ended) return;
      try {
        process.kill(-pid, signal);
      } catch {
        // it has just ended: `exited` tells
      }
    },
  };
}

function options(plan: SpawnPlan, env: Record<string, string>) {
  return {
    detached: true,
    shell: false,
    env,
    stdio: plan.stdio,
    ...(plan.cwd === undefined ? {} : { cwd: plan.cwd }),
  };
}

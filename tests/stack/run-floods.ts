import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { UNDER_WAY, type FloodName, type FloodTarget } from './floods.js';
import { until } from './probe.js';
import { repositoryRoot } from './repository-root.js';

export interface RunningFloods extends AsyncDisposable {
  /** How often each one has tried so far. */
  acts(): Readonly<Record<string, number>>;
  /** Stops all of them where they are, with what they hold. */
  pause(): void;
  /** Comes back when each has tried something again. */
  goOn(): Promise<void>;
}

/**
 * Starts floods and comes back when they are under way. They run with the least priority: an attacker has a processor
 * elsewhere, and must not take ours by being on the same box.
 */
export async function runFloods(names: readonly FloodName[], target: FloodTarget): Promise<RunningFloods> {
  const program = join(repositoryRoot, 'tests/dist/stack/flood.process.js');
  const child = spawn('nice', ['-n', '19', process.execPath, program, ...names], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdin.end(JSON.stringify(target));
  let acts: Record<string, number> = {};
  createInterface({ input: child.stdout }).on(
    'line',
    (line) => (acts = JSON.parse(line) as Record<string, number>),
  );
  const running = {
    acts: () => acts,
    pause: () => void child.kill('SIGSTOP'),
    async goOn() {
      const before = { ...acts };
      child.kill('SIGCONT');
      await until('the floods go on', () => names.every((name) => (acts[name] ?? 0) > (before[name] ?? 0)), {
        timeoutMs: 60_000,
        everyMs: 20,
      });
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await ended;
    },
  };
  try {
    await until(
      'the floods are under way',
      () => names.every((name) => (acts[name] ?? 0) >= UNDER_WAY[name]),
      { timeoutMs: 60_000, everyMs: 50 },
    );
    return running;
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

import { readFile } from 'node:fs/promises';
import { MigrationError, throwIfAborted } from '@ossea/errors';

const POLL_MS = 20;

interface ProcStat {
  readonly state: string;
  readonly startTicks: string;
}

/** proc(5): the name may hold spaces and brackets, so fields count from the last bracket. */
async function readStat(pid: number): Promise<ProcStat | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? 'X', startTicks: fields[19] ?? '' };
}

const isDead = (stat: ProcStat | undefined): boolean =>
  stat === undefined || stat.state === 'Z' || stat.state === 'X';

let bootId: Promise<string> | undefined;

/**
 * An opaque mark of when a process started: together with its pid it names one process for ever, across
 * reuse of the pid and reboots of the host. Absent when there is no such process.
 */
export async function processStartTime(pid: number): Promise<string | undefined> {
  const stat = await readStat(pid);
  if (!stat || isDead(stat)) return undefined;
  bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim());
  return `${await bootId}:${stat.startTicks}`;
}

/**
 * Whether a process runs; one that has ended and was not reaped does not.
 * @param startTime as from `processStartTime`: another process with the same pid then counts as not alive.
 */
export async function isProcessAlive(pid: number, startTime?: string): Promise<boolean> {
  const now = await processStartTime(pid);
  return now !== undefined && (startTime === undefined || now === startTime);
}

/** The arguments of a running process; empty when there is none. */
export async function processArguments(pid: number): Promise<readonly string[]> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/**
 * Waits until a process is gone.
 * @returns whether it is gone; false when `timeoutMs` passed first. Throws `call.aborted`.
 */
export async function waitUntilGone(
  pid: number,
  options: { readonly startTime?: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<boolean> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    if (options.signal) throwIfAborted(options.signal);
    if (!(await isProcessAlive(pid, options.startTime))) return true;
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * Ends a process that is no child of ours (one found again after a restart, for example).
 * @param options.startTime guards against a reused pid: a process that started at another time is left alone.
 * @param options.graceMs milliseconds between SIGTERM and SIGKILL; 0 kills at once. 5 000 unless told.
 * Resolves when it is gone; throws `process.failed` when it survives even SIGKILL for 10 s, or may not be signalled.
 */
export async function stopByPid(
  pid: number,
  options: { readonly startTime: string; readonly graceMs?: number },
): Promise<void> {
  const { startTime, graceMs = 5_000 } = options;
  try {
    if (graceMs > 0 && (await isProcessAlive(pid, startTime))) {
      send(pid, 'SIGTERM');
      if (await waitUntilGone(pid, { startTime, timeoutMs: graceMs })) return;
    }
    if (!(await isProcessAlive(pid, startTime))) return;
    send(pid, 'SIGKILL');
  } catch (cause) {
    throw new MigrationError('process.failed', `The process ${pid} cannot be signalled.`, { cause });
  }
  if (!(await waitUntilGone(pid, { startTime, timeoutMs: 10_000 }))) {
    throw new MigrationError('process.failed', `The process ${pid} does not end.`, { context: { pid } });
  }
}

import { throwIfAborted } from '@ossea/errors';
import type { CallOptions, PluginContext, RunningProcess } from '@ossea/plugin-sdk';

const WATCH_MS = 50;

export interface SizeQuestion {
  readonly socket: string;
  readonly server: RunningProcess;
  /** What the server says when it could not open the disk. */
  readonly refusal?: RegExp;
  readonly timeoutMs: number;
}

/**
 * The size of the disk that an NBD server serves, asked over one connection: nbdkit opens a disk when a client
 * connects, and not before.
 *
 * The question ends as soon as the server has said that it could not open the disk, or has ended: nbdkit's retry
 * filter would go on (1.42 does so, 1.32 does not), each time with a login, and vCenter locks an account after a few
 * that fail.
 * @returns nothing when it ended so; the reason is on the server's stderr. Throws `process.missing`, `process.failed`.
 */
export async function askSize(
  context: PluginContext,
  { socket, server, refusal, timeoutMs }: SizeQuestion,
  { signal }: CallOptions,
): Promise<number | undefined> {
  const inVain = new AbortController();
  let refused = false;
  const watch = setInterval(() => {
    // one more round, because the line may not be complete yet
    if (refused) inVain.abort();
    refused ||= refusal?.test(server.stderrTail()) === true;
  }, WATCH_MS);
  void server.exited.then(() => inVain.abort());
  const uri = `nbd+unix:///?socket=${encodeURIComponent(socket)}`;
  try {
    const { stdout } = await context.run.exec(
      { command: 'nbdinfo', args: ['--size', uri], timeoutMs },
      { signal: AbortSignal.any([signal, inVain.signal]) },
    );
    return Number(stdout.trim());
  } catch (error) {
    throwIfAborted(signal);
    if (inVain.signal.aborted) return undefined;
    throw error;
  } finally {
    clearInterval(watch);
  }
}

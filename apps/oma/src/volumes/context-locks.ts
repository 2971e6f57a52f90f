import { Mutex } from 'async-mutex';
import { MigrationError } from '@ossea/errors';

/**
 * Who may touch the bytes of a context's volumes: one writer (a fold, a snapshot, a revert, a detach), or readers.
 * A reader waits for the writer; a writer that meets readers is put off with `volume.in-use`. A writer that takes hours
 * says so, and then everybody is put off instead of waiting.
 */
export class ContextLocks {
  private readonly contexts = new Map<string, ContextLock>();

  /**
   * Runs `body` as the only one.
   * Throws `volume.in-use` while somebody reads, `call.aborted` when the signal fires before `body` begins.
   * @param body may call `putOff` with a reason: from then to its end nobody waits for it.
   */
  async exclusive<T>(
    contextId: string,
    signal: AbortSignal | undefined,
    body: (putOff: (reason: string) => void) => Promise<T>,
  ): Promise<T> {
    const lock = this.lockOf(contextId);
    mustNotBePutOff(lock, contextId);
    const release = await acquire(lock.mutex, signal);
    try {
      if (lock.readers > 0)
        throw new MigrationError('volume.in-use', 'The volumes are being read.', {
          context: { contextId, readers: lock.readers },
        });
      return await body((reason) => (lock.reason = reason));
    } finally {
      lock.reason = undefined;
      release();
    }
  }

  /** Counts one reader in; the answer counts it out and may be called twice. */
  async shared(contextId: string, signal: AbortSignal): Promise<() => void> {
    const lock = this.lockOf(contextId);
    mustNotBePutOff(lock, contextId);
    const release = await acquire(lock.mutex, signal);
    lock.readers += 1;
    release();
    let counted = true;
    return () => {
      if (counted) lock.readers -= 1;
      counted = false;
    };
  }

  private lockOf(contextId: string): ContextLock {
    const lock = this.contexts.get(contextId) ?? { mutex: new Mutex(), readers: 0, reason: undefined };
    this.contexts.set(contextId, lock);
    return lock;
  }
}

interface ContextLock {
  readonly mutex: Mutex;
  readers: number;
  /** Why nobody should wait for the writer that works now. */
  reason: string | undefined;
}

function mustNotBePutOff({ reason }: ContextLock, contextId: string): void {
  if (reason !== undefined) throw new MigrationError('volume.in-use', reason, { context: { contextId } });
}

async function acquire(mutex: Mutex, signal: AbortSignal | undefined): Promise<() => void> {
  const turn = mutex.acquire();
  if (!signal) return turn;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<'aborted'>((resolve) => {
    onAbort = () => resolve('aborted');
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  const first = await Promise.race([turn, aborted]);
  if (onAbort) signal.removeEventListener('abort', onAbort);
  if (first !== 'aborted' && !signal.aborted) return first;
  // the turn still comes: it must be given on
  void turn.then((release) => release());
  throw new MigrationError('call.aborted', 'The call was aborted.');
}

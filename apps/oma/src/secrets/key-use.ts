import { AsyncLocalStorage } from 'node:async_hooks';
import { MigrationError, withDeadline } from '@ossea/errors';

/**
 * Which keys are being used by operations that have sealed something and not stored it yet. A key may be destroyed
 * only when no row uses it, and no row is on its way.
 */
export class KeyUse {
  private readonly scope = new AsyncLocalStorage<Set<string>>();
  private readonly holders = new Map<string, number>();
  private readonly running = new Set<object>();
  private readonly waiting = new Set<() => void>();

  /** Runs an operation that seals secrets and stores them; until it ends, the keys that it used are held. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    const held = new Set<string>();
    this.running.add(held);
    try {
      return await this.scope.run(held, run);
    } finally {
      this.running.delete(held);
      for (const id of held) this.holders.set(id, (this.holders.get(id) ?? 1) - 1);
      for (const look of this.waiting) look();
    }
  }

  /** Notes that the running operation uses a key. Outside of one the key is held until this process ends. */
  note(kekId: string): void {
    const held = this.scope.getStore();
    if (held?.has(kekId)) return;
    held?.add(kekId);
    this.holders.set(kekId, (this.holders.get(kekId) ?? 0) + 1);
  }

  isHeld(kekId: string): boolean {
    return (this.holders.get(kekId) ?? 0) > 0;
  }

  /**
   * Waits until every operation that runs now has ended, at most so long: what such a one has read it may still store
   * again, and it says so (`note`) only once it does. Gives whether they have; throws `call.aborted`.
   *
   * A rotation once looked at who held the old key, and no more: an operation that had read a secret and not yet noted it
   * stored it under the old key after the last look at the rows, and the key was destroyed under it.
   */
  async passed(timeoutMs: number, stop: AbortSignal): Promise<boolean> {
    const before = [...this.running];
    return withDeadline(stop, timeoutMs, async ({ signal, isOver }) => {
      while (before.some((one) => this.running.has(one))) {
        await this.change(signal);
        if (isOver()) return false;
        if (signal.aborted) throw new MigrationError('call.aborted', 'The job was cancelled.');
      }
      return true;
    });
  }

  private change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      if (signal.aborted) return resolve();
      this.waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

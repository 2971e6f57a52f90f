import { MigrationError } from '@ossea/errors';

/** Places for copies that run at once; who comes first is served first. */
export class CopySlots {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.free = atOnce;
  }

  /** Waits for a place; the answer gives it back. Throws `call.aborted`. */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw stopped();
    if (this.free > 0) this.free -= 1;
    else await this.queue(signal);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      // the place goes on to the next in line without becoming free
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    };
  }

  private queue(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(served), 1);
        reject(stopped());
      };
      const served = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.waiting.push(served);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}

function stopped(): MigrationError {
  return new MigrationError('call.aborted', 'The copy was stopped before it began.');
}

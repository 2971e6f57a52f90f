import type { Room } from './run-rooms.js';
import type { TransportHost } from './disk-transport.js';

/** Well below the 30 minutes after which a session that does nothing ends; and a broken copy waits no longer. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Keeps the session of a connection alive while disks are read with its cookie, and keeps the cookie in files for
 * those who read them. A session that has ended all the same is replaced at the next beat.
 */
export class SessionKeeper {
  private readonly holders = new Set<object>();
  private timer: NodeJS.Timeout | undefined;
  private beating: AbortController | undefined;

  constructor(
    private readonly host: TransportHost,
    private readonly everyMs: number = KEEP_ALIVE_MS,
  ) {}

  /**
   * Writes the cookie into a file of a room, now and after every login.
   * @returns ends it; the session is kept no longer when nobody holds it.
   */
  async keepIn(room: Room, name: string): Promise<() => Promise<void>> {
    let writing = Promise.resolve();
    const write = (): Promise<unknown> => room.write(name, `${oneLine(this.host.cookie())}\n`);
    // one after the other, or an older cookie could be the last one written
    const unsubscribe = this.host.onLogin(() => {
      writing = writing.then(write).then(
        () => undefined,
        (error: unknown) =>
          this.host.context.log.error('The new cookie of the session cannot be written.', {
            error: String(error),
          }),
      );
    });
    try {
      await write();
    } catch (error) {
      unsubscribe();
      throw error;
    }
    const holder = {};
    this.hold(holder);
    return async () => {
      unsubscribe();
      this.release(holder);
      await writing;
    };
  }

  private hold(holder: object): void {
    this.holders.add(holder);
    this.timer ??= setInterval(() => void this.beat(), this.everyMs).unref();
  }

  private release(holder: object): void {
    this.holders.delete(holder);
    if (this.holders.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.beating?.abort();
  }

  private async beat(): Promise<void> {
    if (this.beating) return;
    const beating = (this.beating = new AbortController());
    try {
      await this.host.keepAlive({ signal: beating.signal });
    } catch (error) {
      // the server may be away for a while; whoever reads tells when it is too long
      if (!beating.signal.aborted)
        this.host.context.log.warn('The session could not be kept alive.', { error: String(error) });
    } finally {
      this.beating = undefined;
    }
  }
}

function oneLine(cookie: string): string {
  return cookie.replace(/[\r\n]/g, '');
}

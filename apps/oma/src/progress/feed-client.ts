import type { Socket } from 'socket.io';
import type { Envelope } from './feed-journal.js';

/** Packets that may wait for a client before it counts as slow. */
const MAX_WAITING_PACKETS = 256;
/** A client that takes nothing for so long is cut off; it comes back by itself. */
const STUCK_MS = 30_000;

/**
 * One subscribed socket. A slow client never makes us pile up events, and is never left with a silent hole: it is told
 * to ask again as soon as it takes what it was sent.
 */
export class FeedClient {
  private stuck: NodeJS.Timeout | undefined;

  /** @param mayHear what its caller is allowed to be told. */
  constructor(
    private readonly socket: Socket,
    private readonly mayHear: (envelope: Envelope) => boolean,
  ) {}

  tell(envelope: Envelope): void {
    if (this.stuck || !this.mayHear(envelope)) return;
    if (this.socket.conn['writeBuffer'].length > MAX_WAITING_PACKETS) this.fallBehind();
    else this.socket.emit('event', envelope);
  }

  close(): void {
    clearTimeout(this.stuck);
  }

  private fallBehind(): void {
    const { conn } = this.socket;
    const caughtUp = (): void => {
      clearTimeout(this.stuck);
      this.stuck = undefined;
      this.socket.emit('resync');
    };
    conn.once('drain', caughtUp);
    this.stuck = setTimeout(() => {
      conn.off('drain', caughtUp);
      this.socket.disconnect(true);
    }, STUCK_MS).unref();
  }
}

import { Injectable, inject, signal } from '@angular/core';
import { FeedEnvelope, FeedSnapshot, Problem } from '@ossea/api-contract';
import { Subject } from 'rxjs';
import { Session } from '../session/session';
import { liveEventOf, type Envelope, type FeedMessage } from './feed-messages';
import { arrivalOf, type Position } from './feed-position';
import { OPEN_FEED_SOCKET, type FeedSocket } from './feed-socket';

/** `connecting`: nothing has been told yet; `stale`: what is shown was true when the connection broke. */
export type FeedStatus = 'off' | 'connecting' | 'live' | 'stale';

const RETRY_MS = 3_000;

/**
 * What happens at the appliance, in order and without holes: a gap in the sequence, a lost connection or the
 * appliance's own word lead to a new subscription that says where this console stands.
 */
@Injectable({ providedIn: 'root' })
export class LiveFeed {
  private readonly openSocket = inject(OPEN_FEED_SOCKET);
  private readonly session = inject(Session);

  readonly status = signal<FeedStatus>('off');
  /** When the appliance was last heard. */
  readonly heardAtMs = signal<number | undefined>(undefined);
  readonly messages = new Subject<FeedMessage>();

  private socket: FeedSocket | undefined;
  private position: Position | undefined;
  /** Events that arrive while a subscription is being answered. */
  private waiting: Envelope[] | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    this.stop();
    const socket = this.openSocket();
    this.socket = socket;
    this.status.set('connecting');
    socket.on('connect', () => {
      clearTimeout(this.retry);
      void this.subscribe(socket);
    });
    socket.on('disconnect', () => this.lost(socket));
    socket.on('connect_error', (error) => this.refused(socket, error));
    socket.on('event', (envelope) => this.received(socket, envelope));
    socket.on('resync', () => void this.subscribe(socket));
    socket.connect();
  }

  stop(): void {
    clearTimeout(this.retry);
    this.socket?.disconnect();
    this.socket = undefined;
    this.position = undefined;
    this.waiting = undefined;
    this.heardAtMs.set(undefined);
    this.status.set('off');
  }

  /** For those who came after the snapshot was told: asks for all of it again. */
  askForAll(): void {
    if (!this.socket || !this.position) return;
    this.position = undefined;
    void this.subscribe(this.socket);
  }

  private async subscribe(socket: FeedSocket): Promise<void> {
    if (socket !== this.socket || this.waiting) return;
    this.waiting = [];
    let answer: unknown;
    try {
      answer = await socket.request('subscribe', this.position ? { since: this.position } : {});
    } catch {
      answer = undefined;
    }
    if (socket !== this.socket) return;
    const early = this.waiting;
    this.waiting = undefined;
    const told = FeedSnapshot.safeParse(answer);
    if (!told.success) {
      this.refused(socket, { data: answer });
      this.connectAgain(socket);
      return;
    }
    this.take(told.data);
    for (const envelope of early) this.received(socket, envelope);
  }

  private take(told: FeedSnapshot): void {
    this.heard();
    this.position = { epoch: told.epoch, seq: told.seq };
    if (told.mode === 'snapshot') {
      this.messages.next({ kind: 'snapshot', snapshot: told });
      return;
    }
    for (const envelope of told.events) this.tell(envelope);
    this.messages.next({ kind: 'caught-up' });
  }

  private received(socket: FeedSocket, value: unknown): void {
    if (socket !== this.socket) return;
    const parsed = FeedEnvelope.safeParse(value);
    if (!parsed.success) {
      console.error('What the feed told is not an event.', parsed.error.message);
      return;
    }
    const envelope = parsed.data;
    if (this.waiting) {
      this.waiting.push(envelope);
      return;
    }
    if (!this.position) return;
    const arrival = arrivalOf(this.position, envelope);
    if (arrival === 'seen') return;
    if (arrival === 'gap') {
      void this.subscribe(socket);
      return;
    }
    this.heard();
    this.position = { epoch: envelope.epoch, seq: envelope.seq };
    this.tell(envelope);
  }

  private tell(envelope: Envelope): void {
    const event = liveEventOf(envelope);
    if (event) this.messages.next({ kind: 'event', event });
  }

  private heard(): void {
    this.heardAtMs.set(Date.now());
    this.status.set('live');
  }

  private lost(socket: FeedSocket): void {
    if (socket !== this.socket) return;
    this.waiting = undefined;
    this.status.set(this.position ? 'stale' : 'connecting');
    if (!socket.willReconnect) this.connectAgain(socket);
  }

  /** The appliance is not there, or does not let us in; only a token that it does not know ends the session. */
  private refused(socket: FeedSocket, error: unknown): void {
    if (isUnauthenticated(error)) this.session.end('Your session is not valid any more. Sign in again.');
    else this.lost(socket);
  }

  private connectAgain(socket: FeedSocket): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      if (socket === this.socket) socket.connect();
    }, RETRY_MS);
  }
}

/** A refusal carries a problem document, as it is or under `problem`. */
function isUnauthenticated(error: unknown): boolean {
  const data = (error as { data?: unknown } | undefined)?.data;
  const problem = Problem.safeParse((data as { problem?: unknown } | undefined)?.problem ?? data);
  return problem.success && problem.data.code === 'access.unauthenticated';
}

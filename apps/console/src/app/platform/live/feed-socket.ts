import { InjectionToken } from '@angular/core';
import { FEED_NAMESPACE } from '@ossea/api-contract';
import { io } from 'socket.io-client';

/** The part of a socket that the feed uses. */
export interface FeedSocket {
  /** Connects anew, also where a connection stands. */
  connect(): void;
  disconnect(): void;
  on(event: string, listener: (...values: unknown[]) => void): void;
  /** Rejects when no acknowledgement comes in time. */
  request(event: string, body: object): Promise<unknown>;
  /** Whether it connects again by itself. */
  readonly willReconnect: boolean;
}

export type OpenFeedSocket = () => FeedSocket;

const ANSWER_TIMEOUT_MS = 10_000;

export const OPEN_FEED_SOCKET = new InjectionToken<OpenFeedSocket>('OPEN_FEED_SOCKET', {
  providedIn: 'root',
  factory: () => () => {
    // who it is stands in the cookie
    const socket = io(FEED_NAMESPACE, {
      autoConnect: false,
      transports: ['websocket', 'polling'],
      reconnectionDelay: 500,
      reconnectionDelayMax: 5_000,
    });
    return {
      connect: () => void socket.disconnect().connect(),
      disconnect: () => void socket.disconnect(),
      on: (event, listener) => void socket.on(event, listener),
      request: (event, body) => socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck(event, body),
      get willReconnect() {
        return socket.active;
      },
    };
  },
});

import { FEED_NAMESPACE } from '@ossea/api-contract';
import { io } from 'socket.io-client';
import type { Heard } from '../../stack/api-client.js';

/** Subscribes to the feed, also again after the appliance was away, and tells of every message. */
export function listenToFeed(url: string, token: string, heard: Heard): { close(): void } {
  const socket = io(`${url}${FEED_NAMESPACE}`, {
    auth: { token },
    forceNew: true,
    transports: ['websocket'],
    reconnectionDelay: 100,
    reconnectionDelayMax: 500,
  });
  socket.onAny((event: string, ...data: unknown[]) => heard(`feed ${event}`, JSON.stringify(data)));
  socket.on('connect_error', (error) =>
    heard('feed refusal', JSON.stringify({ ...error, message: error.message })),
  );
  socket.on('connect', () =>
    socket.emit('subscribe', {}, (answer: unknown) => heard('feed snapshot', JSON.stringify(answer))),
  );
  return { close: () => socket.disconnect() };
}

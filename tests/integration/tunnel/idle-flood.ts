import net from 'node:net';
import type { Site } from './site.js';

const FLOOD = 200;
const REDIAL_MS = 500;

/**
 * Connections to the tunnel server that never say a word, and come back when they are cut.
 * @returns how many were cut so far.
 */
export async function flood(site: Site): Promise<{ cut(): number }> {
  const sockets = new Set<net.Socket>();
  let [cut, over] = [0, false];
  const dial = (connected?: () => void) => {
    if (over) return;
    const socket = net.connect(site.port, '127.0.0.1', connected).on('error', () => undefined);
    sockets.add(socket);
    // what the server says is read, or its end would not be noticed
    socket.resume();
    socket.once('close', () => {
      sockets.delete(socket);
      cut += 1;
      setTimeout(dial, REDIAL_MS);
    });
  };
  site.later(() => {
    over = true;
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(Array.from({ length: FLOOD }, () => new Promise<void>(dial)));
  return { cut: () => cut };
}

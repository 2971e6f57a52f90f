import { connect, type Socket } from 'node:net';

const RETRY_MS = 25;

function tryOnce(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(undefined));
  });
}

/** Connects to a Unix socket, trying again while nobody listens; undefined when the signal fires first. */
export async function connectUnix(path: string, signal: AbortSignal): Promise<Socket | undefined> {
  while (!signal.aborted) {
    const socket = await tryOnce(path);
    if (socket && !signal.aborted) return socket;
    socket?.destroy();
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return undefined;
}

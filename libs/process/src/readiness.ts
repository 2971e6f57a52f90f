import { access } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Readiness } from './process-spec.js';

const POLL_MS = 25;

function socketAccepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (accepts: boolean) => () => {
      socket.destroy();
      resolve(accepts);
    };
    socket.once('connect', answer(true));
    socket.once('error', answer(false));
  });
}

async function isReady(readiness: Readiness): Promise<boolean> {
  if (readiness === 'spawned') return true;
  if ('socket' in readiness) return socketAccepts(readiness.socket);
  return access(readiness.file).then(
    () => true,
    () => false,
  );
}

/** Probes until the child is ready, or until `signal` fires. */
export async function whenReady(readiness: Readiness, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await isReady(readiness)) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

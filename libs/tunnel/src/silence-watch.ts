import type { Socket } from 'node:net';

/** Both ends ask for a sign of life every five seconds (`KEEPALIVE`); so many without a byte, and the peer is gone. */
const SILENT_TICKS = 18;
const TICK_MS = 1_000;

export interface SilenceLimits {
  readonly tickMs?: number;
  readonly ticks?: number;
}

/**
 * Destroys a socket over which nothing has come for too long. Any byte is a sign of life: on a slow link the answer to
 * a keepalive may wait for long behind the bytes of a disk. Ticks are counted, not the clock: while this process was
 * stopped or busy, nobody was silent.
 */
export function watchSilence(
  socket: Socket,
  { tickMs = TICK_MS, ticks = SILENT_TICKS }: SilenceLimits = {},
): void {
  let heard = socket.bytesRead;
  let silent = 0;
  const timer = setInterval(() => {
    silent = socket.bytesRead === heard ? silent + 1 : 0;
    heard = socket.bytesRead;
    if (silent >= ticks) socket.destroy(new Error(`nothing came for ${(ticks * tickMs) / 1_000} s`));
  }, tickMs).unref();
  socket.once('close', () => clearInterval(timer));
}

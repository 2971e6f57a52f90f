import type { Duplex } from 'node:stream';

/**
 * Joins a socket and a channel; neither outlives the other. `pipe` carries neither errors nor closes, so both are
 * torn down on `error` and on `close` of either. Bytes in flight at that moment are dropped, which is harmless for NBD
 * and HTTP: what was not acknowledged fails at the other end.
 */
export function joinStreams(a: Duplex, b: Duplex): void {
  a.pipe(b);
  b.pipe(a);
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    a.destroy();
    b.destroy();
  };
  for (const stream of [a, b]) stream.on('error', end).on('close', end);
}

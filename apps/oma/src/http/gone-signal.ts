import type { Response } from 'express';

/** Fires when whoever asked has gone, so that nothing is done any more that nobody hears of. */
export function goneSignal(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

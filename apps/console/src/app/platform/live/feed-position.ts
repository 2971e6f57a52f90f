import type { Envelope } from './feed-messages';

export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

export type Arrival = 'next' | 'seen' | 'gap';

/** How an event relates to the last one that was seen. */
export function arrivalOf(last: Position, event: Pick<Envelope, 'epoch' | 'seq'>): Arrival {
  if (event.epoch !== last.epoch) return 'gap';
  if (event.seq <= last.seq) return 'seen';
  return event.seq === last.seq + 1 ? 'next' : 'gap';
}

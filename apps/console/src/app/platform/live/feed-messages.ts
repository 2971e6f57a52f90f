import { FEED_EVENTS, type FeedEvent, type FeedEventType, type FeedSnapshot } from '@ossea/api-contract';

/** One event of the feed, its data checked; told apart by `type`. */
export type LiveEvent = { [T in FeedEventType]: FeedEvent<T> }[FeedEventType];
/** An event as it travels. */
export type Envelope = Extract<FeedSnapshot, { mode: 'replay' }>['events'][number];
export type Snapshot = Extract<FeedSnapshot, { mode: 'snapshot' }>;

export type FeedMessage =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  /** What was missed has been told again; what is not in the feed must be asked for anew. */
  | { readonly kind: 'caught-up' }
  | { readonly kind: 'event'; readonly event: LiveEvent };

/** Checks an event's data; `undefined` where a newer appliance tells of something that this console does not know. */
export function liveEventOf(envelope: Envelope): LiveEvent | undefined {
  if (!(envelope.type in FEED_EVENTS)) return undefined;
  const type = envelope.type as FeedEventType;
  const data = FEED_EVENTS[type].safeParse(envelope.data);
  if (data.success) return { ...envelope, type, data: data.data } as LiveEvent;
  console.error(`An event "${type}" does not fit the contract.`, data.error.message);
  return undefined;
}

import type { VmContext } from '@ossea/api-contract';

/*
 * What the feed needs of its neighbours to tell where everything stands. composition.ts provides it.
 */
export interface FeedSources {
  /** Every VM under management, as the API shows it. */
  contexts(): Promise<readonly VmContext[]>;
}
export const FEED_SOURCES = Symbol('FeedSources');

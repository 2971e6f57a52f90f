import { Module } from '@nestjs/common';
import { FeedArrivals } from './feed-arrivals.js';
import { FeedGateway } from './feed.gateway.js';
import { FeedSnapshots } from './feed-snapshots.js';

/** Needs FEED_SOURCES of composition.ts. */
@Module({ providers: [FeedArrivals, FeedSnapshots, FeedGateway] })
export class FeedModule {}

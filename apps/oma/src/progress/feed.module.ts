import { Module } from '@nestjs/common';
import { FeedGateway } from './feed.gateway.js';
import { FeedSnapshots } from './feed-snapshots.js';

/** Needs FEED_SOURCES of composition.ts. */
@Module({ providers: [FeedSnapshots, FeedGateway] })
export class FeedModule {}

import { Global, Module } from '@nestjs/common';
import { Measures } from './measures.js';
import { Outbox } from './outbox.js';

/** Facts and measures, for every room. */
@Global()
@Module({ providers: [Outbox, Measures], exports: [Outbox, Measures] })
export class OutboxModule {}

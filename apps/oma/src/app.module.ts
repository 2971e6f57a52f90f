import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { Composition, type OmaParts } from './composition.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { FeedModule } from './progress/feed.module.js';
import { OutboxModule } from './progress/outbox.module.js';
import { TunnelsModule } from './tunnels/tunnels.module.js';

/** The rooms of the appliance. */
@Module({})
export class AppModule {
  static of(parts: OmaParts): DynamicModule {
    const { config, database, owner } = parts;
    return {
      module: AppModule,
      imports: [
        HttpModule.with(config.log),
        DatabaseModule.with(database),
        Composition.of(parts),
        OutboxModule,
        JobsModule.as(owner),
        AccessModule.with(config),
        IdempotencyModule,
        HealthModule,
        FeedModule,
        TunnelsModule,
      ],
    };
  }
}

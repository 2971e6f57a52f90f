import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { Composition, type OmaParts } from './composition.js';
import { AuditModule } from './audit/audit.module.js';
import { AuditTrailModule } from './audit/audit-trail.module.js';
import { ConnectionsModule } from './connections/connections.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DiscoveryModule } from './discovery/discovery.module.js';
import { FailoverModule } from './failover/failover.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { RequestRateModule } from './http/request-rate.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { NetworksModule } from './networks/networks.module.js';
import { PluginsModule } from './plugins/plugins.module.js';
import { FeedModule } from './progress/feed.module.js';
import { OutboxModule } from './progress/outbox.module.js';
import { ReplicationModule } from './replication/replication.module.js';
import { SecretsModule } from './secrets/secrets.module.js';
import { SupportModule } from './support/support.module.js';
import { TunnelsModule } from './tunnels/tunnels.module.js';
import { VolumesModule } from './volumes/volumes.module.js';

/** The rooms of the appliance. */
@Module({})
export class AppModule {
  static of(parts: OmaParts): DynamicModule {
    const { config, database, owner, registry, secrets, keys, overTls } = parts;
    return {
      module: AppModule,
      imports: [
        HttpModule.with(config.log),
        DatabaseModule.with(database),
        Composition.of(parts),
        OutboxModule,
        AuditTrailModule,
        JobsModule.as(owner),
        AccessModule.with({ stateDir: config.stateDir, settings: { ...config.access, overTls } }),
        RequestRateModule.with(config.http.requestsPerMinute),
        IdempotencyModule,
        HealthModule,
        FeedModule,
        PluginsModule.with(registry),
        TunnelsModule,
        ConnectionsModule.with(secrets),
        SecretsModule.with(keys),
        DiscoveryModule,
        NetworksModule,
        VolumesModule,
        ReplicationModule,
        FailoverModule,
        AuditModule,
        SupportModule,
        MetricsModule,
      ],
    };
  }
}

import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { HttpDurations } from './http-durations.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsRegistry } from './metrics-registry.js';
import { PlaceMetrics } from './place-metrics.js';
import { TunnelMetrics } from './tunnel-metrics.js';
import { WorkMetrics } from './work-metrics.js';

/** What a Prometheus server reads of the appliance. Needs the tunnels' room, jobs, health and VOLUMES_SETTINGS. */
@Module({
  controllers: [MetricsController],
  providers: [MetricsRegistry, HttpDurations, TunnelMetrics, WorkMetrics, PlaceMetrics],
})
export class MetricsModule implements NestModule {
  constructor(private readonly durations: HttpDurations) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(this.durations.middleware).forRoutes('{*path}');
  }
}

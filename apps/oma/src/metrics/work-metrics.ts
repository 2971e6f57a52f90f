import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { FeedData } from '@ossea/api-contract';
import { Counter } from 'prom-client';
import { DataSource, IsNull } from 'typeorm';
import { VmContext } from '../discovery/vm-context.entity.js';
import { Job } from '../jobs/job.entity.js';
import { Outbox } from '../progress/outbox.js';
import { MetricsRegistry, type Sample } from './metrics-registry.js';

/** What is done, and how old what was done is. */
@Injectable()
export class WorkMetrics implements OnModuleInit {
  private readonly ended: Counter<'kind' | 'state'>;

  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    metrics: MetricsRegistry,
  ) {
    metrics.gauge({
      name: 'ossea_jobs',
      help: 'Jobs that have not ended, by kind and state.',
      labels: ['kind', 'state'],
      read: () => this.open(),
    });
    this.ended = new Counter({
      name: 'ossea_jobs_ended_total',
      help: 'Jobs that have ended since this process was started, by kind and how.',
      labelNames: ['kind', 'state'],
      registers: [metrics.registry],
    });
    metrics.gauge({
      name: 'ossea_replication_cycle_age_seconds',
      help: 'Since the last recovery point of a machine was sealed: what a failover now would lose.',
      labels: ['context', 'name'],
      read: () => this.ages(),
    });
  }

  onModuleInit(): void {
    this.outbox.onFact(({ type, data }) => {
      if (type !== 'job.ended') return;
      const { job } = data as FeedData<'job.ended'>;
      this.ended.inc({ kind: job.kind, state: job.state });
    });
  }

  private async open(): Promise<Sample[]> {
    const counts = new Map<string, Sample>();
    for (const { kind, state } of await this.database
      .getRepository(Job)
      .find({ where: { endedAt: IsNull() }, select: { kind: true, state: true } })) {
      const key = `${kind} ${state}`;
      counts.set(key, { labels: { kind, state }, value: (counts.get(key)?.value ?? 0) + 1 });
    }
    return [...counts.values()];
  }

  private async ages(): Promise<Sample[]> {
    const contexts = await this.database
      .getRepository(VmContext)
      .find({ select: { id: true, name: true, lastCycle: true } });
    return contexts.flatMap(({ id, name, lastCycle }) =>
      lastCycle
        ? [{ labels: { context: id, name }, value: (Date.now() - Date.parse(lastCycle.sealedAt)) / 1_000 }]
        : [],
    );
  }
}

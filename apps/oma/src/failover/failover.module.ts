import { Module, type OnModuleInit } from '@nestjs/common';
import { JobLeases } from '../jobs/job-leases.js';
import { FailoverController } from './failover.controller.js';
import { FailoverService } from './failover.service.js';
import { LiveFailovers } from './live-failovers.js';
import { TestFailovers } from './test-failovers.js';

@Module({ controllers: [FailoverController], providers: [FailoverService, LiveFailovers, TestFailovers] })
export class FailoverModule implements OnModuleInit {
  constructor(
    private readonly leases: JobLeases,
    private readonly tests: TestFailovers,
  ) {}

  onModuleInit(): void {
    for (const kind of ['test-failover', 'clean-up-test'])
      this.leases.registerResumer(kind, (job) => this.tests.runJob(job));
  }
}

import { Global, Module, type DynamicModule } from '@nestjs/common';
import { JobLeases } from './job-leases.js';
import { JobLog } from './job-log.js';
import { JobProgress } from './job-progress.js';
import { JobsController } from './jobs.controller.js';
import { JobsService } from './jobs.service.js';
import { ProcessOwner } from './process-owner.js';
import { RunningJobs } from './running-jobs.js';

/** The job log. Every business operation is a job, so every room may start one. */
@Global()
@Module({})
export class JobsModule {
  static as(owner: ProcessOwner): DynamicModule {
    return {
      module: JobsModule,
      controllers: [JobsController],
      providers: [
        { provide: ProcessOwner, useValue: owner },
        JobLog,
        JobProgress,
        RunningJobs,
        JobLeases,
        JobsService,
      ],
      exports: [ProcessOwner, JobLog, JobProgress, JobLeases, JobsService],
    };
  }
}

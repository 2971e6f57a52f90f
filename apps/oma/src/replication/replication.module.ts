import { Global, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { UnitOfWork } from '../database/unit-of-work.js';
import { ProcessOwner } from '../jobs/process-owner.js';
import { ContextJobs } from './context-jobs.js';
import { ContextMachine } from './context-machine.js';
import { MachineRuns } from './machine-runs.js';
import { PointFacts } from './point-facts.js';
import { ReplicationController } from './replication.controller.js';
import { RUN_SETTINGS, type RunSettings } from './replication-ports.js';
import { ReplicationService } from './replication.service.js';
import { RunContexts } from './run-contexts.js';
import { JobRunJournal } from './run-journal.js';
import { RunParts } from './run-parts.js';
import { EngineRuns, enginePorts } from './runs/engine-runs.js';
import { SqlRunStore } from './runs/sql-run-store.js';

/** Needs RUN_SESSIONS and RUN_SETTINGS of composition.ts. */
@Global()
@Module({
  controllers: [ReplicationController],
  providers: [
    JobRunJournal,
    PointFacts,
    RunContexts,
    ContextMachine,
    {
      provide: EngineRuns,
      useFactory: (database: DataSource, owner: ProcessOwner) => new EngineRuns(database, owner.id),
      inject: [DataSource, ProcessOwner],
    },
    {
      provide: SqlRunStore,
      useFactory: (database: DataSource, owner: ProcessOwner, journal: JobRunJournal) =>
        new SqlRunStore(database, owner.id, journal),
      inject: [DataSource, ProcessOwner, JobRunJournal],
    },
    {
      provide: MachineRuns,
      useFactory: (unitOfWork: UnitOfWork, runs: EngineRuns, store: SqlRunStore, settings: RunSettings) =>
        new MachineRuns(unitOfWork, runs, enginePorts(store, settings)),
      inject: [UnitOfWork, EngineRuns, SqlRunStore, RUN_SETTINGS],
    },
    RunParts,
    ContextJobs,
    ReplicationService,
  ],
  exports: [ContextJobs, ContextMachine, RunContexts, RunParts],
})
export class ReplicationModule {}

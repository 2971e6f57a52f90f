import 'reflect-metadata';
import { join } from 'node:path';
import { Global, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ReferenceEngine } from '@ossea/copy-engine';
import type { SourceSession, TargetSession } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import type { DataSource } from 'typeorm';
import { AuditTrailModule } from '../../../apps/oma/src/audit/audit-trail.module.js';
import { DatabaseModule } from '../../../apps/oma/src/database/database.module.js';
import { ContextViews } from '../../../apps/oma/src/discovery/context-views.js';
import { FailoverModule } from '../../../apps/oma/src/failover/failover.module.js';
import { JobsModule } from '../../../apps/oma/src/jobs/jobs.module.js';
import { ProcessOwner } from '../../../apps/oma/src/jobs/process-owner.js';
import { OutboxModule } from '../../../apps/oma/src/progress/outbox.module.js';
import { ReplicationModule } from '../../../apps/oma/src/replication/replication.module.js';
import {
  RUN_SESSIONS,
  RUN_SETTINGS,
  type RemoteCopies,
  type RunSettings,
} from '../../../apps/oma/src/replication/replication-ports.js';
import { VolumesModule } from '../../../apps/oma/src/volumes/volumes.module.js';
import {
  COPY_ENGINE,
  PROCESS_RUNNER,
  TARGET_SESSIONS,
  VOLUMES_SETTINGS,
} from '../../../apps/oma/src/volumes/volumes-ports.js';

export interface RoomsOptions {
  readonly directory: string;
  readonly database: DataSource;
  readonly target: () => TargetSession;
  readonly source: (connectionId: string) => SourceSession;
  readonly settings?: Partial<RunSettings>;
  readonly copiesOn: (vmaId: string, connectionId: string) => RemoteCopies;
}

/** The OMA's jobs, volumes, replication and failover rooms in this process. */
export async function openRooms(options: RoomsOptions): Promise<INestApplicationContext> {
  const { directory, database, source, target, copiesOn } = options;
  const at = (name: string) => join(directory, name);
  const settings = { spoolDir: at('spool'), stateDir: at('state'), runDir: at('run'), spoolReserveBytes: 0 };
  const ports = [
    { provide: TARGET_SESSIONS, useValue: { open: () => Promise.resolve(target()) } },
    { provide: VOLUMES_SETTINGS, useValue: settings },
    { provide: COPY_ENGINE, useValue: new ReferenceEngine() },
    { provide: PROCESS_RUNNER, useValue: createProcessRunner() },
    { provide: RUN_SETTINGS, useValue: { settleMs: 300, ...options.settings } },
    ContextViews,
    {
      provide: RUN_SESSIONS,
      useValue: {
        source: (connectionId: string) => Promise.resolve(source(connectionId)),
        target: () => Promise.resolve(target()),
        copiesOn,
      },
    },
  ];
  @Global()
  @Module({ providers: ports, exports: ports.map((port) => ('provide' in port ? port.provide : port)) })
  class Ports {}
  @Module({
    imports: [
      DatabaseModule.with(database),
      OutboxModule,
      AuditTrailModule,
      JobsModule.as(new ProcessOwner('oma-test')),
      Ports,
      VolumesModule,
      ReplicationModule,
      FailoverModule,
    ],
  })
  class Root {}
  return NestFactory.createApplicationContext(Root, { logger: false });
}

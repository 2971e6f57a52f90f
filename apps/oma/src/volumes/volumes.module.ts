import {
  Global,
  Injectable,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { CopyEngine } from '@ossea/copy-engine';
import type { ProcessRunner } from '@ossea/process';
import { DataSource } from 'typeorm';
import { composeVolumes } from './compose-volumes.js';
import { StoredContextTargets } from './context-targets.js';
import {
  COPY_ENGINE,
  PROCESS_RUNNER,
  TARGET_SESSIONS,
  VOLUMES_SETTINGS,
  type TargetSessions,
  type VolumesSettings,
} from './volumes-ports.js';
import { VolumesService } from './volumes.service.js';

/** The room lives from before the first job goes on until after the last one has stopped. */
@Injectable()
class VolumesLife implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly volumes: VolumesService) {}

  async onModuleInit(): Promise<void> {
    await this.volumes.recover({ signal: new AbortController().signal });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.volumes.close();
  }
}

/** Needs TARGET_SESSIONS, VOLUMES_SETTINGS, COPY_ENGINE and PROCESS_RUNNER of composition.ts. */
@Global()
@Module({
  providers: [
    {
      provide: VolumesService,
      useFactory: (
        database: DataSource,
        sessions: TargetSessions,
        settings: VolumesSettings,
        engine: CopyEngine,
        runner: ProcessRunner,
      ) =>
        composeVolumes({
          database,
          sessions,
          targets: new StoredContextTargets(database),
          settings,
          engine,
          runner,
          log: new Logger('volumes'),
        }),
      inject: [DataSource, TARGET_SESSIONS, VOLUMES_SETTINGS, COPY_ENGINE, PROCESS_RUNNER],
    },
    VolumesLife,
  ],
  exports: [VolumesService],
})
export class VolumesModule {}

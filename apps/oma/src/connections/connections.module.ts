import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ConnectionSessions } from './connection-sessions.js';
import { ConnectionSettings } from './connection-settings.js';
import { ConnectionTrials } from './connection-trials.js';
import { ConnectionVmas } from './connection-vmas.js';
import { ConnectionsController } from './connections.controller.js';
import { ConnectionsService } from './connections.service.js';
import { PluginContexts } from './plugin-contexts.js';
import { SecretBox } from '../secrets/secret-box.js';
import { SessionConnector } from './session-connector.js';
import { SetUpDrafts } from './set-up-drafts.js';
import { SetUpParts, SetUps } from './set-ups.js';
import { SetUpsController } from './set-ups.controller.js';

/** Needs REMOTE_SOURCES, TRUSTED_VMAS, PLUGIN_SCRATCH_DIR and PROCESS_RUNNER of composition.ts. */
@Global()
@Module({})
export class ConnectionsModule {
  static with(box: SecretBox): DynamicModule {
    return {
      module: ConnectionsModule,
      controllers: [ConnectionsController, SetUpsController],
      providers: [
        { provide: SecretBox, useValue: box },
        ConnectionSettings,
        PluginContexts,
        SessionConnector,
        ConnectionSessions,
        ConnectionTrials,
        ConnectionVmas,
        ConnectionsService,
        SetUpDrafts,
        SetUpParts,
        SetUps,
      ],
      exports: [ConnectionSessions, SecretBox],
    };
  }
}

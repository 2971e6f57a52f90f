import { Module, type DynamicModule } from '@nestjs/common';
import type { CopyEngine } from '@ossea/copy-engine';
import { PluginRegistry } from '@ossea/plugin-registry';
import { LoggerModule, type Params } from 'nestjs-pino';
import { Agent } from './agent/agent.js';
import { AuditAnchorsController } from './api/audit-anchors.controller.js';
import { CopiesController } from './api/copies.controller.js';
import { HostKeyController } from './api/host-key.controller.js';
import { InfoController } from './api/info.controller.js';
import { KeyRotationController } from './api/key-rotation.controller.js';
import { PluginFilesController } from './api/plugin-files.controller.js';
import { ProofController } from './api/proof.controller.js';
import { LoopDelay } from './api/loop-delay.js';
import { SessionsController } from './api/sessions.controller.js';
import { AnchorFile } from './audit/anchor-file.js';
import { Copies } from './copying/copies.js';
import { PluginFiles } from './plugin-files/plugin-files.js';
import { SourceSessions } from './sources/source-sessions.js';
import { COPY_ENGINE } from './tokens.js';

/** The service's parts, which exist before its API does and end in an order of their own. */
export interface VmaParts {
  readonly agent: Agent;
  readonly registry: PluginRegistry;
  readonly engine: CopyEngine;
  readonly sessions: SourceSessions;
  readonly copies: Copies;
  readonly files: PluginFiles;
  readonly anchors: AnchorFile;
  readonly log: Params;
}

@Module({})
export class AppModule {
  static of({ agent, registry, engine, sessions, copies, files, anchors, log }: VmaParts): DynamicModule {
    return {
      module: AppModule,
      imports: [LoggerModule.forRoot(log)],
      controllers: [
        InfoController,
        ProofController,
        SessionsController,
        CopiesController,
        PluginFilesController,
        AuditAnchorsController,
        KeyRotationController,
        HostKeyController,
      ],
      providers: [
        { provide: Agent, useValue: agent },
        { provide: PluginRegistry, useValue: registry },
        { provide: COPY_ENGINE, useValue: engine },
        { provide: SourceSessions, useValue: sessions },
        { provide: Copies, useValue: copies },
        { provide: PluginFiles, useValue: files },
        { provide: AnchorFile, useValue: anchors },
        LoopDelay,
      ],
    };
  }
}

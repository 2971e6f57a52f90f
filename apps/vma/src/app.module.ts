import { Module, type DynamicModule } from '@nestjs/common';
import type { CopyEngine } from '@ossea/copy-engine';
import { PluginRegistry } from '@ossea/plugin-registry';
import type { ProcessRunner } from '@ossea/process';
import { Agent } from './agent/agent.js';
import { AgentSettings } from './agent/agent-settings.js';
import { AgentTokenGuard } from './api/agent-token.guard.js';
import { CopiesController } from './api/copies.controller.js';
import { InfoController } from './api/info.controller.js';
import { LoopDelay } from './api/loop-delay.js';
import { SessionsController } from './api/sessions.controller.js';
import { Copies } from './copying/copies.js';
import { SourceSessions } from './sources/source-sessions.js';
import { StateFiles } from './state/state-files.js';
import { COPY_ENGINE } from './tokens.js';

/** Everything that is decided before the application exists. */
export interface VmaParts {
  readonly files: StateFiles;
  readonly agent: AgentSettings;
  readonly registry: PluginRegistry;
  readonly engine: CopyEngine;
  readonly runner: ProcessRunner;
  readonly scratchDir: string;
  readonly copiesAtOnce: number;
}

@Module({})
export class AppModule {
  static of({ files, agent, registry, engine, runner, scratchDir, copiesAtOnce }: VmaParts): DynamicModule {
    const sessions = new SourceSessions(registry, runner, scratchDir);
    return {
      module: AppModule,
      controllers: [InfoController, SessionsController, CopiesController],
      providers: [
        { provide: StateFiles, useValue: files },
        { provide: AgentSettings, useValue: agent },
        { provide: PluginRegistry, useValue: registry },
        { provide: COPY_ENGINE, useValue: engine },
        { provide: SourceSessions, useValue: sessions },
        {
          provide: Copies,
          useValue: new Copies({
            sessions,
            engine,
            journalsDir: files.journals,
            nbdSocketPath: agent.nbdSocketPath,
            atOnce: copiesAtOnce,
          }),
        },
        LoopDelay,
        Agent,
        AgentTokenGuard,
      ],
    };
  }
}

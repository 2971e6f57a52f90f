import { join } from 'node:path';
import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import type { CopyEngine } from '@ossea/copy-engine';
import type { PluginRegistry } from '@ossea/plugin-registry';
import type { ProcessRunner } from '@ossea/process';
import type { DataSource } from 'typeorm';
import type { OmaConfig } from './config/config.schema.js';
import { ContextViews } from './discovery/context-views.js';
import type { ProcessOwner } from './jobs/process-owner.js';
import { FEED_SOURCES, type FeedSources } from './progress/feed-sources.js';
import {
  NBD_SOCKETS,
  TUNNELS_SETTINGS,
  type NbdSockets,
  type TunnelsSettings,
} from './tunnels/tunnels-ports.js';
import { nbdSocketPath } from './volumes/daemon-supervisor.js';
import {
  COPY_ENGINE,
  PROCESS_RUNNER,
  VOLUMES_SETTINGS,
  type VolumesSettings,
} from './volumes/volumes-ports.js';

/** A cycle is refused when less than this would stay free in the spool. */
const SPOOL_RESERVE_BYTES = 256 << 20;

/** What is there before the application is put together, and outlives it. */
export interface OmaParts {
  readonly config: OmaConfig;
  readonly database: DataSource;
  readonly owner: ProcessOwner;
  readonly registry: PluginRegistry;
  readonly engine: CopyEngine;
  readonly runner: ProcessRunner;
}

/** Token of the `PluginRegistry` of this installation. */
export const PLUGIN_REGISTRY = Symbol('PluginRegistry');

/** Where things are that the configuration may leave open. */
export function pathsOf({ stateDir, spoolDir, runDir, kekFile }: OmaConfig) {
  return {
    stateDir,
    spoolDir: spoolDir ?? join(stateDir, 'spool'),
    runDir: runDir ?? join(stateDir, 'run'),
    kekFile: kekFile ?? join(stateDir, 'kek'),
  };
}

/** The one file that picks implementations for the ports between rooms. */
@Global()
@Module({})
export class Composition {
  static of(parts: OmaParts): DynamicModule {
    const providers = providersOf(parts);
    return {
      module: Composition,
      providers,
      exports: providers.map((provider) => (typeof provider === 'function' ? provider : provider.provide)),
    };
  }
}

function providersOf({ config, registry, engine, runner }: OmaParts): Provider[] {
  const { stateDir, spoolDir, runDir } = pathsOf(config);
  const volumes: VolumesSettings = { stateDir, spoolDir, runDir, spoolReserveBytes: SPOOL_RESERVE_BYTES };
  const tunnels: TunnelsSettings = { ...config.tunnel, stateDir, runDir };
  const nbdSockets: NbdSockets = { nbdSocketFor: (vmaId) => nbdSocketPath(runDir, vmaId) };
  return [
    { provide: PLUGIN_REGISTRY, useValue: registry },
    { provide: PROCESS_RUNNER, useValue: runner },
    { provide: COPY_ENGINE, useValue: engine },
    { provide: VOLUMES_SETTINGS, useValue: volumes },
    { provide: TUNNELS_SETTINGS, useValue: tunnels },
    { provide: NBD_SOCKETS, useValue: nbdSockets },
    ContextViews,
    {
      provide: FEED_SOURCES,
      useFactory: (views: ContextViews): FeedSources => ({ contexts: () => views.all() }),
      inject: [ContextViews],
    },
  ];
}

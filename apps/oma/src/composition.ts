import { join } from 'node:path';
import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import type { CopyEngine } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import type { PluginRegistry } from '@ossea/plugin-registry';
import type { ProcessRunner } from '@ossea/process';
import type { DataSource } from 'typeorm';
import { ANCHOR_KEEPERS, AUDIT_SETTINGS, type AuditSettings } from './audit/audit-ports.js';
import type { OmaConfig } from './config/config.schema.js';
import { ConnectionSessions } from './connections/connection-sessions.js';
import {
  PLUGIN_SCRATCH_DIR,
  REMOTE_SOURCES,
  TRUSTED_VMAS,
  type TrustedVmas,
} from './connections/connections-ports.js';
import { ContextViews } from './discovery/context-views.js';
import type { ProcessOwner } from './jobs/process-owner.js';
import { FEED_SOURCES, type FeedSources } from './progress/feed-sources.js';
import {
  RUN_SESSIONS,
  RUN_SETTINGS,
  type RunSessions,
  type RunSettings,
} from './replication/replication-ports.js';
import type { KeyFiles, KeySource } from './secrets/key-files.js';
import type { SecretBox } from './secrets/secret-box.js';
import { AgentClient } from './tunnels/agent-client.js';
import { vmasAsAnchorKeepers } from './tunnels/anchor-keepers.js';
import { RemoteSources } from './tunnels/remote-sources.js';
import { AgentCopiesFactory } from './tunnels/tunnels.module.js';
import {
  NBD_SOCKETS,
  TUNNELS_SETTINGS,
  type NbdSockets,
  type TunnelsSettings,
} from './tunnels/tunnels-ports.js';
import { VmasService } from './tunnels/vmas.service.js';
import { nbdSocketPath } from './volumes/daemon-supervisor.js';
import {
  COPY_ENGINE,
  PROCESS_RUNNER,
  TARGET_SESSIONS,
  VOLUMES_SETTINGS,
  type TargetSessions,
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
  readonly secrets: SecretBox;
  /** Whether console and API are served over TLS. */
  readonly overTls: boolean;
  readonly keys: KeyFiles;
}

/** Where things are that the configuration may leave open. */
export function pathsOf({ stateDir, spoolDir, runDir, kekFile, kekCredential }: OmaConfig) {
  const isCredential = kekFile === undefined && kekCredential !== undefined;
  const kek: KeySource = isCredential
    ? { kind: 'credential', file: kekCredential }
    : { kind: 'file', file: kekFile ?? join(stateDir, 'kek') };
  return {
    stateDir,
    spoolDir: spoolDir ?? join(stateDir, 'spool'),
    runDir: runDir ?? join(stateDir, 'run'),
    kek,
    scratchDir: join(stateDir, 'plugins'),
  };
}

/** The one file that picks implementations for the ports between rooms: those that are values, and those that are rooms. */
@Global()
@Module({})
export class Composition {
  static of(parts: OmaParts): DynamicModule {
    const providers = [...settingsOf(parts), ...ROOMS];
    return { module: Composition, providers, exports: providers.map(({ provide }) => provide) };
  }
}

type Port = Exclude<Provider, new (...parts: never[]) => object>;

function settingsOf({ config, engine, runner, owner }: OmaParts): Port[] {
  const { stateDir, spoolDir, runDir, scratchDir } = pathsOf(config);
  const volumes: VolumesSettings = { stateDir, spoolDir, runDir, spoolReserveBytes: SPOOL_RESERVE_BYTES };
  const tunnels: TunnelsSettings = { ...config.tunnel, stateDir, runDir };
  const runs: RunSettings = { settleMs: config.failover.settleSeconds * 1_000 };
  const audit: AuditSettings = {
    stateDir,
    anchorDir: config.audit.anchorDir ?? stateDir,
    applianceId: owner.applianceId,
  };
  // a function of the id alone: the tunnel would else wait for the volumes, and they wait for the tunnel
  const nbdSockets: NbdSockets = { nbdSocketFor: (vmaId) => nbdSocketPath(runDir, vmaId) };
  return [
    { provide: PROCESS_RUNNER, useValue: runner },
    { provide: COPY_ENGINE, useValue: engine },
    { provide: PLUGIN_SCRATCH_DIR, useValue: scratchDir },
    { provide: VOLUMES_SETTINGS, useValue: volumes },
    { provide: TUNNELS_SETTINGS, useValue: tunnels },
    { provide: NBD_SOCKETS, useValue: nbdSockets },
    { provide: RUN_SETTINGS, useValue: runs },
    { provide: AUDIT_SETTINGS, useValue: audit },
  ];
}

const ROOMS: readonly Port[] = [
  { provide: ANCHOR_KEEPERS, useFactory: vmasAsAnchorKeepers, inject: [VmasService, AgentClient] },
  { provide: REMOTE_SOURCES, useExisting: RemoteSources },
  {
    provide: TRUSTED_VMAS,
    useFactory: (vmas: VmasService): TrustedVmas => ({
      async mustBeApproved(vmaId) {
        const { state } = await vmas.get(vmaId);
        if (state !== 'approved')
          throw new MigrationError('config.missing', 'vmaId: expected a VMA that is approved.', {
            context: { vma: vmaId, state },
          });
      },
    }),
    inject: [VmasService],
  },
  {
    provide: TARGET_SESSIONS,
    useFactory: (sessions: ConnectionSessions): TargetSessions => ({
      open: (connectionId, call) => sessions.target(connectionId, call),
    }),
    inject: [ConnectionSessions],
  },
  {
    provide: RUN_SESSIONS,
    useFactory: (sessions: ConnectionSessions, copies: AgentCopiesFactory): RunSessions => ({
      source: (connectionId, call) => sessions.source(connectionId, call),
      target: (connectionId, call) => sessions.target(connectionId, call),
      copiesOn: (vmaId, session) => copies.copiesOn(vmaId, session),
    }),
    inject: [ConnectionSessions, AgentCopiesFactory],
  },
  {
    provide: FEED_SOURCES,
    useFactory: (views: ContextViews): FeedSources => ({ contexts: () => views.all() }),
    inject: [ContextViews],
  },
];

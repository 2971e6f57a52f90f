import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createProcessRunner } from '@ossea/process';
import { parseConfig } from '../../apps/oma/src/config/load-config.js';
import { openDatabase } from '../../apps/oma/src/database/data-source.js';
import { AuditTrailModule } from '../../apps/oma/src/audit/audit-trail.module.js';
import { DatabaseModule } from '../../apps/oma/src/database/database.module.js';
import { newId } from '../../apps/oma/src/database/new-id.js';
import { HealthModule } from '../../apps/oma/src/health/health.module.js';
import { JobsModule } from '../../apps/oma/src/jobs/jobs.module.js';
import { ProcessOwner } from '../../apps/oma/src/jobs/process-owner.js';
import { Outbox } from '../../apps/oma/src/progress/outbox.js';
import { OutboxModule } from '../../apps/oma/src/progress/outbox.module.js';
import { RemoteSources } from '../../apps/oma/src/tunnels/remote-sources.js';
import { TunnelSupervisor } from '../../apps/oma/src/tunnels/tunnel-supervisor.js';
import { AgentCopiesFactory, TunnelsModule } from '../../apps/oma/src/tunnels/tunnels.module.js';
import {
  NBD_SOCKETS,
  TUNNELS_SETTINGS,
  type NbdSockets,
  type TunnelsSettings,
} from '../../apps/oma/src/tunnels/tunnels-ports.js';
import { VmasService } from '../../apps/oma/src/tunnels/vmas.service.js';
import { PROCESS_RUNNER } from '../../apps/oma/src/volumes/volumes-ports.js';
import { parseConfig as parseVmaConfig } from '../../apps/vma/src/config/load-config.js';
import { StateFiles, enrol, startVma, type RunningVma } from '../../apps/vma/src/start-vma.js';
import { until } from '../stack/probe.js';

const requester = { name: 'test', correlationId: 'cor-test' };

/** The tunnels' room of an OMA, with its server in a process of its own. */
export interface OmaRoom extends AsyncDisposable {
  readonly directory: string;
  readonly room: INestApplicationContext;
  /** Facts as they were committed: `tunnel.up vma_1`. */
  readonly facts: readonly string[];
  /** Where the NBD channels of VMAs come out at the OMA. */
  readonly nbdSocketPath: string;
}

/** The same, with one VMA that it trusts. */
export interface OmaWithVma extends AsyncDisposable {
  readonly directory: string;
  readonly room: INestApplicationContext;
  readonly vmaId: string;
  readonly vma: RunningVma;
  readonly sources: RemoteSources;
  readonly copies: AgentCopiesFactory;
  /** Where the VMA's NBD channels come out at the OMA. */
  readonly nbdSocketPath: string;
  /** The VMA's process dies and comes back: whatever it held open is lost. */
  restartVma(): Promise<void>;
  /** As the kernel would. */
  killTunnelServer(): void;
}

/** Starts the room on loopback, with a database of its own. */
export async function startOmaRoom(): Promise<OmaRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'ct-'));
  const runDir = join(directory, 'r');
  const nbdSocketPath = join(runDir, 'nbd.sock');
  const database = await openDatabase(parseConfig({ stateDir: directory }));
  const settings: TunnelsSettings = {
    host: '127.0.0.1',
    port: 0,
    firstAgentPort: 0,
    transport: 'ssh2',
    firstNbdPort: 0,
    opensshDir: join(directory, 'openssh'),
    probeSeconds: 60,
    copyProbeSeconds: 15,
    keyDays: 90,
    rotateKeyDays: 30,
    enrolmentsPerMinute: 1_000,
    enrolmentsInAllPerMinute: 1_000,
    stateDir: directory,
    runDir,
  };
  const nbdSockets: NbdSockets = { nbdSocketFor: () => nbdSocketPath };
  const ports = [
    { provide: PROCESS_RUNNER, useValue: createProcessRunner() },
    { provide: TUNNELS_SETTINGS, useValue: settings },
    { provide: NBD_SOCKETS, useValue: nbdSockets },
  ];
  @Global()
  @Module({ providers: ports, exports: ports.map(({ provide }) => provide) })
  class Ports {}
  const module = await Test.createTestingModule({
    imports: [
      DatabaseModule.with(database),
      OutboxModule,
      AuditTrailModule,
      HealthModule,
      JobsModule.as(new ProcessOwner(newId('oma'))),
      Ports,
      TunnelsModule,
    ],
  }).compile();
  const facts: string[] = [];
  module.get(Outbox).onFact(({ type, subject }) => facts.push(`${type} ${subject}`));
  const room = await module.init();
  return {
    directory,
    room,
    facts,
    nbdSocketPath,
    async [Symbol.asyncDispose]() {
      await room.close();
      await database.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Starts both appliances on loopback.
 * @param packages what the VMA loads as plugins, by package name.
 */
export async function startOmaWithVma(packages: Readonly<Record<string, unknown>>): Promise<OmaWithVma> {
  const oma = await startOmaRoom();
  const { room, directory, nbdSocketPath } = oma;
  const vmas = room.get(VmasService);

  const config = {
    stateDir: join(directory, 'v'),
    oma: { host: '127.0.0.1', port: room.get(TunnelSupervisor).port },
    api: { port: 0 },
    plugins: { packages: Object.keys(packages) },
    log: { level: 'silent' as const },
  };
  const start = () => startVma(config, { import: async (name) => packages[name] });
  let vma = await start();
  const { code, hostKeyFingerprint } = await vmas.createPairingCode(requester);
  const { vmaId, fingerprint } = await enrol(
    parseVmaConfig(config),
    new StateFiles(config.stateDir),
    { code, hostKeyFingerprint, name: 'site-a' },
    AbortSignal.timeout(15_000),
  );
  await vmas.approve(vmaId, { fingerprint }, requester);
  await until('the VMA is connected', () => vmas.isConnected(vmaId));
  return {
    directory,
    room,
    vmaId,
    get vma() {
      return vma;
    },
    sources: room.get(RemoteSources),
    copies: room.get(AgentCopiesFactory),
    nbdSocketPath,
    async restartVma() {
      await vma[Symbol.asyncDispose]();
      await until('the OMA has noticed', () => !vmas.isConnected(vmaId));
      vma = await start();
      await until('the VMA is connected again', () => vmas.isConnected(vmaId));
    },
    killTunnelServer() {
      const pid = room.get(TunnelSupervisor).serving?.pid;
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      await vma[Symbol.asyncDispose]();
      await oma[Symbol.asyncDispose]();
    },
  };
}

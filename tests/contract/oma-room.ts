import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createProcessRunner } from '@ossea/process';
import { parseConfig } from '../../apps/oma/src/config/load-config.js';
import { openDatabase } from '../../apps/oma/src/database/data-source.js';
import { DatabaseModule } from '../../apps/oma/src/database/database.module.js';
import { newId } from '../../apps/oma/src/database/new-id.js';
import { JobsModule } from '../../apps/oma/src/jobs/jobs.module.js';
import { ProcessOwner } from '../../apps/oma/src/jobs/process-owner.js';
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

/** The tunnels' room of an OMA, with its server in a process of its own, and one VMA that it trusts. */
export interface OmaWithVma extends AsyncDisposable {
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

/**
 * Starts both appliances on loopback.
 * @param packages what the VMA loads as plugins, by package name.
 */
export async function startOmaWithVma(packages: Readonly<Record<string, unknown>>): Promise<OmaWithVma> {
  const directory = await mkdtemp(join(tmpdir(), 'ct-'));
  const runDir = join(directory, 'r');
  const database = await openDatabase(parseConfig({ stateDir: directory }));
  const settings: TunnelsSettings = {
    host: '127.0.0.1',
    port: 0,
    firstAgentPort: 0,
    stateDir: directory,
    runDir,
  };
  const nbdSockets: NbdSockets = { nbdSocketFor: () => join(runDir, 'nbd.sock') };
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
      JobsModule.as(new ProcessOwner(newId('oma'))),
      Ports,
      TunnelsModule,
    ],
  }).compile();
  module.enableShutdownHooks();
  const oma = await module.init();
  const vmas = oma.get(VmasService);

  const config = {
    stateDir: join(directory, 'v'),
    oma: { host: '127.0.0.1', port: oma.get(TunnelSupervisor).port },
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
  await vmas.approve(vmaId, fingerprint, requester);
  await until('the VMA is connected', () => vmas.isConnected(vmaId));
  return {
    vmaId,
    get vma() {
      return vma;
    },
    sources: oma.get(RemoteSources),
    copies: oma.get(AgentCopiesFactory),
    nbdSocketPath: nbdSockets.nbdSocketFor(vmaId),
    async restartVma() {
      await vma[Symbol.asyncDispose]();
      await until('the OMA has noticed', () => !vmas.isConnected(vmaId));
      vma = await start();
      await until('the VMA is connected again', () => vmas.isConnected(vmaId));
    },
    killTunnelServer() {
      const pid = oma.get(TunnelSupervisor).serving?.pid;
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      await vma[Symbol.asyncDispose]();
      await oma.close();
      await database.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

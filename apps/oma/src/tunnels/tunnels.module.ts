import {
  Global,
  Injectable,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { HealthPart } from '@ossea/api-contract';
import type { ProcessRunner } from '@ossea/process';
import { PROCESS_RUNNER } from '../volumes/volumes-ports.js';
import { HealthRegistry } from '../health/health-registry.js';
import type { RemoteCopies } from '../replication/replication-ports.js';
import { AccessJobs } from './access-jobs.js';
import { AgentClient } from './agent-client.js';
import { AGENT_TOKEN_KEY, APPLIANCE_KEYS, loadApplianceKeys, type ApplianceKeys } from './appliance-keys.js';
import { CopiesUnderWay } from './copies-under-way.js';
import { EnrolmentDesk } from './enrolment-desk.js';
import { EnrolmentLimits } from './enrolment-limits.js';
import { HostKeyController } from './host-key.controller.js';
import { HostKeyRotation } from './host-key-rotation.js';
import { KeyRotation } from './key-rotation.js';
import { KnownVmas } from './known-vmas.js';
import { PairingCodes } from './pairing-codes.js';
import { AgentCopies } from './remote-copies.js';
import { RemoteSources } from './remote-sources.js';
import { TunnelHistory } from './tunnel-history.js';
import { TunnelMonitor } from './tunnel-monitor.js';
import { TunnelPresence } from './tunnel-presence.js';
import { TunnelProbe } from './tunnel-probe.js';
import { TunnelSupervisor } from './tunnel-supervisor.js';
import { TunnelTraffic } from './tunnel-traffic.js';
import { TunnelsController } from './tunnels.controller.js';
import { TunnelCuts } from './tunnel-cuts.js';
import { TunnelsService } from './tunnels.service.js';
import { TUNNELS_SETTINGS, type TunnelsSettings } from './tunnels-ports.js';
import { VmaKeys } from './vma-keys.js';
import { VmaNumbers } from './vma-numbers.js';
import { VmaDecisions } from './vma-decisions.js';
import { PluginFilesController } from './plugin-files.controller.js';
import { RemotePluginFiles } from './remote-plugin-files.js';
import { VmasController } from './vmas.controller.js';
import { VmasService } from './vmas.service.js';

/** Makes what runs copies on a VMA. */
@Injectable()
export class AgentCopiesFactory {
  constructor(
    private readonly agents: AgentClient,
    private readonly sources: RemoteSources,
    private readonly underWay: CopiesUnderWay,
  ) {}

  /** @param session the source session that opens the disks: the connection's id. */
  copiesOn(vmaId: string, session: string): RemoteCopies {
    return this.underWay.counting(vmaId, new AgentCopies(this.agents, this.sources, vmaId, session));
  }
}

/** The tunnel is there before the first job goes on, and until the last one has stopped. */
@Injectable()
class TunnelsLife implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly tunnel: TunnelSupervisor,
    private readonly history: TunnelHistory,
    private readonly vmas: VmasService,
    private readonly numbers: VmaNumbers,
    private readonly health: HealthRegistry,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.numbers.fillIn();
    await this.tunnel.start();
    this.health.add('vmas', () => this.connected());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tunnel[Symbol.asyncDispose]();
    await this.history.settled();
  }

  private async connected(): Promise<HealthPart> {
    const trusted = (await this.vmas.list()).filter(({ state }) => state === 'approved');
    const away = trusted.filter(({ connected }) => !connected).map(({ name }) => name);
    if (trusted.length === 0) return { status: 'absent', detail: 'No VMA is approved yet.' };
    if (away.length === 0) return { status: 'ok', detail: `${trusted.length} connected` };
    return { status: 'degraded', detail: `Not connected: ${away.join(', ')}`.slice(0, 1000) };
  }
}

/** Needs NBD_SOCKETS, TUNNELS_SETTINGS and PROCESS_RUNNER of composition.ts, beside database, outbox, jobs and health. */
@Global()
@Module({
  controllers: [VmasController, PluginFilesController, TunnelsController, HostKeyController],
  providers: [
    RemotePluginFiles,
    {
      provide: APPLIANCE_KEYS,
      useFactory: ({ stateDir }: TunnelsSettings) => loadApplianceKeys(stateDir),
      inject: [TUNNELS_SETTINGS],
    },
    {
      provide: AGENT_TOKEN_KEY,
      useFactory: ({ agentTokenKey }: ApplianceKeys) => agentTokenKey,
      inject: [APPLIANCE_KEYS],
    },
    {
      provide: TunnelSupervisor,
      useFactory: (
        runner: ProcessRunner,
        settings: TunnelsSettings,
        keys: ApplianceKeys,
        known: KnownVmas,
        desk: EnrolmentDesk,
        presence: TunnelPresence,
      ) =>
        new TunnelSupervisor({
          runner,
          settings,
          keys,
          identities: () => known.refresh(),
          enrol: (body, peer) => desk.answer(body, peer, keys.agentTokenPublicKey),
          onEvent: (event) => presence.onEvent(event),
          onLost: () => presence.onLost(),
          log: new Logger('tunnels'),
        }),
      inject: [PROCESS_RUNNER, TUNNELS_SETTINGS, APPLIANCE_KEYS, KnownVmas, EnrolmentDesk, TunnelPresence],
    },
    KnownVmas,
    VmaKeys,
    KeyRotation,
    HostKeyRotation,
    PairingCodes,
    EnrolmentLimits,
    EnrolmentDesk,
    TunnelPresence,
    VmaNumbers,
    VmaDecisions,
    AccessJobs,
    VmasService,
    AgentClient,
    RemoteSources,
    AgentCopiesFactory,
    CopiesUnderWay,
    TunnelTraffic,
    TunnelHistory,
    TunnelProbe,
    TunnelMonitor,
    TunnelsService,
    TunnelCuts,
    TunnelsLife,
  ],
  exports: [
    VmasService,
    RemoteSources,
    AgentCopiesFactory,
    TunnelSupervisor,
    TunnelPresence,
    TunnelTraffic,
    TunnelsService,
    AgentClient,
  ],
})
export class TunnelsModule {}

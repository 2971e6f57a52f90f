import { Controller, Get, Inject } from '@nestjs/common';
import { AGENT_PROTOCOL_VERSION, type AgentInfo, type TunnelReport } from '@ossea/agent-protocol';
import type { CopyEngine } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import { nativeCryptoAvailable } from '@ossea/tunnel';
import { Agent } from '../agent/agent.js';
import { describePlugins } from '../sources/describe-plugins.js';
import { COPY_ENGINE } from '../tokens.js';
import { VERSION } from '../version.js';
import { LoopDelay } from './loop-delay.js';

@Controller('api/v1')
export class InfoController {
  constructor(
    private readonly agent: Agent,
    private readonly registry: PluginRegistry,
    private readonly delay: LoopDelay,
    @Inject(COPY_ENGINE) private readonly engine: CopyEngine,
  ) {}

  /** Open to everyone who reaches the port, so it says nothing else. */
  @Get('health')
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('info')
  info(): AgentInfo {
    return {
      vmaId: this.agent.enrolment?.vmaId ?? '',
      version: VERSION,
      protocol: AGENT_PROTOCOL_VERSION,
      engine: this.engine.name,
      nativeCrypto: nativeCryptoAvailable(),
      eventLoopDelayP99Ms: this.delay.p99Ms,
      ...describePlugins(this.registry),
    };
  }

  /** How this side finds the tunnel. */
  @Get('tunnel')
  tunnel(): TunnelReport {
    const report = this.agent.tunnelReport;
    // who asks over the loopback may do so before we have dialled
    if (!report) throw new MigrationError('resource.not-found', 'This VMA has no tunnel now.');
    return report;
  }
}

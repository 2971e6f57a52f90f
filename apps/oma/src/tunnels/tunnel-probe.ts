import { Injectable, Logger } from '@nestjs/common';
import { TunnelReport, agentPaths } from '@ossea/agent-protocol';
import { isMigrationError, type MigrationError } from '@ossea/errors';
import { z } from 'zod';
import { AgentClient } from './agent-client.js';

/** What one try of the way to a VMA has shown. */
export interface VmaAnswer {
  readonly rttMs: number;
  /** Absent where the VMA answers, but not to this: another release, or a clock that is wrong. */
  readonly report?: TunnelReport;
}

const SILENCE_MS = 10_000;

/** Goes through the tunnel to the agent of a VMA, end to end, and asks how it finds the way back. */
@Injectable()
export class TunnelProbe {
  private readonly logger = new Logger('tunnels');
  /** Told once each, and again when it is something else. */
  private readonly regrets = new Map<string, string>();

  constructor(private readonly agents: AgentClient) {}

  /** Rejects when the agent cannot be reached; whatever it answers is an answer. */
  async ask(vmaId: string, signal: AbortSignal): Promise<VmaAnswer> {
    const beganMs = performance.now();
    await this.reached(() =>
      this.agents.json(
        vmaId,
        { method: 'GET', path: agentPaths.health, signal, silenceMs: SILENCE_MS },
        z.object({}),
      ),
    );
    const rttMs = performance.now() - beganMs;
    const call = { method: 'GET' as const, path: agentPaths.tunnel, signal, silenceMs: SILENCE_MS };
    const outcome = await this.reached(() => this.agents.json(vmaId, call, TunnelReport));
    const regret = isMigrationError(outcome) ? `${outcome.code}: ${outcome.message}` : '';
    if (regret !== '' && this.regrets.get(vmaId) !== regret)
      this.logger.warn(`${vmaId} does not say how it finds the tunnel: ${regret}`);
    this.regrets.set(vmaId, regret);
    return isMigrationError(outcome) ? { rttMs } : { rttMs, report: outcome };
  }

  /** An error that the VMA itself answered has come the whole way. */
  private async reached<T>(call: () => Promise<T>): Promise<T | MigrationError> {
    try {
      return await call();
    } catch (error) {
      if (!isMigrationError(error) || error.code === 'tunnel.down' || error.code === 'call.aborted')
        throw error;
      return error;
    }
  }
}

import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AgentInfo, agentPaths } from '@ossea/agent-protocol';
import { asMigrationError } from '@ossea/errors';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { AgentClient } from './agent-client.js';
import { TunnelPresence } from './tunnel-presence.js';
import { TunnelSupervisor } from './tunnel-supervisor.js';
import { Vma } from './vma.entity.js';

const PROBE_EVERY_MS = 15_000;
const PROBE_MS = 10_000;
/** Probes that fail one after the other until the tunnel is cut, so that the VMA dials anew. */
const FAILURES = 3;

/**
 * Asks every connected VMA, end to end through its tunnel, whether it is there. A connection that looks alive and
 * carries nothing is cut. (The other direction, to the storage daemon, is the VMA's to probe: only it can.)
 */
@Injectable()
export class TunnelMonitor implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('tunnels');
  private readonly failures = new Map<string, string[]>();
  private readonly aborter = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private probing: Promise<void> | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly agents: AgentClient,
    private readonly presence: TunnelPresence,
    private readonly tunnel: TunnelSupervisor,
  ) {}

  onModuleInit(): void {
    this.presence.onUp((vmaId) => void this.greet(vmaId));
    this.timer = setInterval(() => {
      this.probing ??= this.probeAll().finally(() => (this.probing = undefined));
    }, PROBE_EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.aborter.abort();
    await this.probing;
  }

  /** One round over all connected VMAs. Never rejects. */
  async probeAll(): Promise<void> {
    const here = this.presence.connected();
    for (const id of this.failures.keys()) if (!here.includes(id)) this.failures.delete(id);
    await Promise.all(here.map((id) => this.probe(id)));
  }

  private async probe(id: string): Promise<void> {
    const { signal } = this.aborter;
    try {
      const call = { method: 'GET' as const, path: agentPaths.health, signal, silenceMs: PROBE_MS };
      await this.agents.json(id, call, z.object({}));
    } catch (error) {
      if (!signal.aborted) this.failed(id, asMigrationError(error).message);
      return;
    }
    this.failures.delete(id);
    await this.seen(id, {});
  }

  private failed(id: string, why: string): void {
    const story = [...(this.failures.get(id) ?? []), `${new Date().toISOString()} ${why}`];
    this.failures.set(id, story);
    this.logger.warn(`The tunnel to ${id} did not answer (${story.length} of ${FAILURES}): ${why}`);
    if (story.length < FAILURES) return;
    this.failures.delete(id);
    this.logger.warn(`The tunnel to ${id} is cut, so that it comes anew. ${story.join('; ')}`);
    this.presence.expectCut(id, `It did not answer ${FAILURES} times: ${why}`);
    this.tunnel.cut(id);
  }

  /** What a VMA that has just come says of itself. */
  private async greet(id: string): Promise<void> {
    const { signal } = this.aborter;
    try {
      const call = { method: 'GET' as const, path: agentPaths.info, signal, silenceMs: PROBE_MS };
      const { version, nativeCrypto, failures } = await this.agents.json(id, call, AgentInfo);
      await this.seen(id, { version: version.slice(0, 40) });
      if (!nativeCrypto)
        this.logger.warn(`${id} has no native cryptography: its tunnel is about ten times slower.`);
      for (const { packageName, cause } of failures)
        this.logger.warn(`${id} cannot load the plugin ${packageName}: ${cause}`);
    } catch (error) {
      if (!signal.aborted)
        this.logger.warn(`${id} has come, but says nothing of itself: ${asMigrationError(error).message}`);
    }
  }

  private async seen(id: string, more: Partial<Pick<Vma, 'version'>>): Promise<void> {
    const now = new Date();
    try {
      await this.database.getRepository(Vma).update({ id }, { ...more, lastSeenAt: now, updatedAt: now });
    } catch (error) {
      // that says nothing about the tunnel, and the next probe tells it again
      this.logger.warn(`That ${id} was seen could not be stored: ${asMigrationError(error).message}`);
    }
  }
}

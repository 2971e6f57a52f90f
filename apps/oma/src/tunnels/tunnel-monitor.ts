import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { AgentInfo, agentPaths, type TunnelReport } from '@ossea/agent-protocol';
import { asMigrationError } from '@ossea/errors';
import { TunnelWatch, type TunnelHealth } from '@ossea/tunnel';
import { DataSource } from 'typeorm';
import { AgentClient } from './agent-client.js';
import { CopiesUnderWay } from './copies-under-way.js';
import { TunnelHistory } from './tunnel-history.js';
import { TunnelPresence } from './tunnel-presence.js';
import { TunnelProbe } from './tunnel-probe.js';
import { TunnelSupervisor } from './tunnel-supervisor.js';
import { TunnelTraffic } from './tunnel-traffic.js';
import { TUNNELS_SETTINGS, type TunnelsSettings } from './tunnels-ports.js';
import { Vma } from './vma.entity.js';

const GREET_MS = 10_000;
/** Answers that a failure explains; what failed before a good one is history. */
const MISSING: ReadonlySet<string> = new Set(['missed-once', 'missed-twice', 'silent']);

interface Watched {
  readonly watch: TunnelWatch;
  /** What the VMA said last. */
  report?: TunnelReport;
  nativeCrypto?: boolean;
}

/**
 * Watches the tunnel of every VMA that has come: tries the way to its agent end to end, and hears from it how it finds
 * the way back, which only it can try. A tunnel that looks alive and carries nothing is cut, so that it comes anew.
 */
@Injectable()
export class TunnelMonitor implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('tunnels');
  private readonly watched = new Map<string, Watched>();
  private readonly aborter = new AbortController();

  constructor(
    private readonly database: DataSource,
    private readonly agents: AgentClient,
    private readonly probe: TunnelProbe,
    private readonly presence: TunnelPresence,
    private readonly tunnel: TunnelSupervisor,
    private readonly history: TunnelHistory,
    private readonly traffic: TunnelTraffic,
    private readonly copies: CopiesUnderWay,
    @Inject(TUNNELS_SETTINGS) private readonly settings: TunnelsSettings,
  ) {}

  onModuleInit(): void {
    this.presence.onChange((vmaId, change) => {
      if (change.type === 'gone') {
        this.of(vmaId).watch.observe({ type: 'disconnected', why: change.reason });
        return;
      }
      this.of(vmaId).watch.observe({ type: 'connected', link: 'all' });
      void this.greet(vmaId);
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.aborter.abort();
    await Promise.all([...this.watched.values()].map(({ watch }) => watch.stop()));
  }

  /** One round over all connected VMAs, now. Never rejects. */
  async probeAll(): Promise<void> {
    await Promise.all([...this.watched.values()].map(({ watch }) => watch.probeNow()));
  }

  /** Absent for a VMA that has not come since this process was started. */
  healthOf(vmaId: string): TunnelHealth | undefined {
    return this.watched.get(vmaId)?.watch.health;
  }

  /** Restarts that either side has forced. */
  restartsOf(vmaId: string): number {
    const known = this.watched.get(vmaId);
    return (known?.watch.restarts ?? 0) + (known?.report?.restarts ?? 0);
  }

  /** Whether its cipher runs in native code; absent until it has said so. */
  nativeCryptoOf(vmaId: string): boolean | undefined {
    return this.watched.get(vmaId)?.nativeCrypto;
  }

  private of(vmaId: string): Watched {
    const found = this.watched.get(vmaId);
    if (found) return found;
    const watched: Watched = {
      watch: new TunnelWatch({
        name: `The tunnel to ${vmaId}`,
        direction: 'to-vma',
        rates: this.settings,
        probe: (signal) => this.ask(vmaId, watched, signal),
        restart: (why) => {
          this.presence.expectCut(vmaId, why);
          this.tunnel.cut(vmaId);
        },
        isCopying: () => this.copies.of(vmaId) > 0,
        facts: () => ({
          connections: this.presence.connections(vmaId).join(', '),
          bytes: this.traffic.bytesOf(vmaId),
          'up since': this.presence.of(vmaId).since?.toISOString() ?? 'never',
        }),
        onChange: (health) => this.changed(vmaId, health),
        log: this.logger,
      }),
    };
    this.watched.set(vmaId, watched);
    return watched;
  }

  private async ask(vmaId: string, watched: Watched, signal: AbortSignal): Promise<number> {
    const { rttMs, report } = await this.probe.ask(vmaId, signal);
    if (report) {
      watched.report = report;
      this.hear(watched.watch, report);
    }
    void this.seen(vmaId, {});
    return rttMs;
  }

  private hear(watch: TunnelWatch, { connections, expected, toOma }: TunnelReport): void {
    const { answer, rttMs, lastFailure } = toOma;
    watch.observe({ type: 'connected', link: connections < expected ? 'some' : 'all' });
    watch.observe({
      type: 'reported',
      direction: 'to-oma',
      answer,
      ...(rttMs === undefined ? {} : { rttMs: Math.round(rttMs) }),
      ...(lastFailure && MISSING.has(answer)
        ? { failure: { at: new Date(lastFailure.at), why: lastFailure.why, direction: 'to-oma' } }
        : {}),
    });
  }

  private changed(vmaId: string, health: TunnelHealth): void {
    const { state, because } = health;
    this.logger[state === 'up' ? 'log' : 'warn'](`The tunnel to ${vmaId} is ${state}: ${because}`);
    this.history.add(vmaId, health);
  }

  /** What a VMA that has just come says of itself. */
  private async greet(id: string): Promise<void> {
    const { signal } = this.aborter;
    try {
      const call = { method: 'GET' as const, path: agentPaths.info, signal, silenceMs: GREET_MS };
      const { version, nativeCrypto, failures } = await this.agents.json(id, call, AgentInfo);
      this.of(id).nativeCrypto = nativeCrypto;
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
      if (!this.aborter.signal.aborted)
        this.logger.warn(`That ${id} was seen could not be stored: ${asMigrationError(error).message}`);
    }
  }
}

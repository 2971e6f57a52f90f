import { Injectable } from '@nestjs/common';
import type { ListQuery, Tunnel, TunnelEventPage } from '@ossea/api-contract';
import { initialHealth } from '@ossea/tunnel';
import { VmasService } from './vmas.service.js';
import { TunnelHistory } from './tunnel-history.js';
import { TunnelMonitor } from './tunnel-monitor.js';
import { TunnelPresence } from './tunnel-presence.js';
import { TunnelTraffic } from './tunnel-traffic.js';

/** The tunnels as people look at them: as they are now, and how they became so. */
@Injectable()
export class TunnelsService {
  private readonly started = new Date();

  constructor(
    private readonly vmas: VmasService,
    private readonly monitor: TunnelMonitor,
    private readonly presence: TunnelPresence,
    private readonly traffic: TunnelTraffic,
    private readonly stories: TunnelHistory,
  ) {}

  /** Of every approved VMA, newest first. */
  async list(): Promise<Tunnel[]> {
    const approved = (await this.vmas.list()).filter(({ state }) => state === 'approved');
    return approved.map(({ id, name }) => this.view(id, name));
  }

  /** Of every approved VMA that has said whether its cipher runs in native code. */
  async nativeCrypto(): Promise<{ readonly vmaId: string; readonly native: boolean }[]> {
    return (await this.list()).flatMap(({ vmaId }) => {
      const native = this.monitor.nativeCryptoOf(vmaId);
      return native === undefined ? [] : [{ vmaId, native }];
    });
  }

  /** Throws `request.not-found`. */
  async history(vmaId: string, query: ListQuery): Promise<TunnelEventPage> {
    await this.vmas.get(vmaId);
    return this.stories.page(vmaId, query);
  }

  private view(vmaId: string, vmaName: string): Tunnel {
    const health = this.monitor.healthOf(vmaId) ?? initialHealth(this.started);
    const { state, since, because, direction, rttMs, lastFailure } = health;
    return {
      vmaId,
      vmaName,
      state,
      since: since.toISOString(),
      because,
      ...(direction === undefined ? {} : { direction }),
      rttMs: {
        ...(rttMs['to-vma'] === undefined ? {} : { toVma: rttMs['to-vma'] }),
        ...(rttMs['to-oma'] === undefined ? {} : { toOma: rttMs['to-oma'] }),
      },
      connections: this.presence.connections(vmaId).length,
      sessions: this.presence
        .liveConnections(vmaId)
        .map((one) => ({ ...one, since: one.since.toISOString() })),
      bytes: this.traffic.bytesOf(vmaId),
      restarts: this.monitor.restartsOf(vmaId),
      ...(lastFailure ? { lastFailure: { ...lastFailure, at: lastFailure.at.toISOString() } } : {}),
    };
  }
}

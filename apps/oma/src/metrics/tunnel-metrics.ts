import { Injectable } from '@nestjs/common';
import { TunnelState, type Tunnel } from '@ossea/api-contract';
import { TunnelSupervisor } from '../tunnels/tunnel-supervisor.js';
import { TunnelTraffic } from '../tunnels/tunnel-traffic.js';
import { TunnelsService } from '../tunnels/tunnels.service.js';
import { MetricsRegistry, type Sample } from './metrics-registry.js';

const LABELS = ['vma', 'name'];

/** How the tunnels are, by VMA. */
@Injectable()
export class TunnelMetrics {
  constructor(
    private readonly tunnels: TunnelsService,
    supervisor: TunnelSupervisor,
    traffic: TunnelTraffic,
    metrics: MetricsRegistry,
  ) {
    metrics.gauge({
      name: 'ossea_tunnel_up',
      help: '1 while both directions carry something: in the states up and degraded.',
      labels: LABELS,
      read: () =>
        this.each(({ state }) => [{ labels: {}, value: Number(state === 'up' || state === 'degraded') }]),
    });
    metrics.gauge({
      name: 'ossea_tunnel_state',
      help: '1 for the state that the tunnel is in, 0 for the others.',
      labels: [...LABELS, 'state'],
      read: () =>
        this.each((tunnel) =>
          TunnelState.options.map((state) => ({ labels: { state }, value: Number(tunnel.state === state) })),
        ),
    });
    metrics.gauge({
      name: 'ossea_tunnel_rtt_seconds',
      help: 'Of the last probe that was answered, end to end.',
      labels: [...LABELS, 'direction'],
      read: () =>
        this.each(({ rttMs: { toVma, toOma } }) => [
          ...(toVma === undefined ? [] : [{ labels: { direction: 'to-vma' }, value: toVma / 1_000 }]),
          ...(toOma === undefined ? [] : [{ labels: { direction: 'to-oma' }, value: toOma / 1_000 }]),
        ]),
    });
    metrics.gauge({
      name: 'ossea_tunnel_connections',
      help: 'SSH connections that stand.',
      labels: LABELS,
      read: () => this.each(({ connections }) => [{ labels: {}, value: connections }]),
    });
    metrics.counter({
      name: 'ossea_tunnel_restarts_total',
      help: 'Restarts that either side forced because a direction did not answer.',
      labels: LABELS,
      read: () => this.each(({ restarts }) => [{ labels: {}, value: restarts }]),
    });
    metrics.counter({
      name: 'ossea_tunnel_bytes_total',
      help: 'Bytes through the tunnel, both ways.',
      labels: LABELS,
      read: () => this.each(({ bytes }) => [{ labels: {}, value: bytes }]),
    });
    metrics.counter({
      name: 'ossea_tunnel_refused_total',
      help: 'What was refused at the open port, by its kind.',
      labels: ['what'],
      read: () => [...traffic.refused()].map(([what, value]) => ({ labels: { what }, value })),
    });
    metrics.gauge({
      name: 'ossea_tunnel_server_running',
      help: '0 while the process of the tunnel server is started anew.',
      labels: [],
      read: () => [{ labels: {}, value: Number(supervisor.serving !== undefined) }],
    });
    metrics.gauge({
      name: 'ossea_native_crypto',
      help: '0 where the cipher of the tunnel runs without native code, ten times slower; `oma` or the id of a VMA.',
      labels: ['appliance'],
      read: () => nativeCrypto(supervisor, tunnels),
    });
  }

  private async each(samplesOf: (tunnel: Tunnel) => readonly Sample[]): Promise<Sample[]> {
    const tunnels = await this.tunnels.list();
    return tunnels.flatMap((tunnel) =>
      samplesOf(tunnel).map(({ labels, value }) => ({
        labels: { vma: tunnel.vmaId, name: tunnel.vmaName, ...labels },
        value,
      })),
    );
  }
}

async function nativeCrypto({ serving }: TunnelSupervisor, tunnels: TunnelsService): Promise<Sample[]> {
  const sample = (appliance: string, native: boolean) => ({ labels: { appliance }, value: Number(native) });
  return [
    ...(serving ? [sample('oma', serving.nativeCrypto)] : []),
    ...(await tunnels.nativeCrypto()).map(({ vmaId, native }) => sample(vmaId, native)),
  ];
}

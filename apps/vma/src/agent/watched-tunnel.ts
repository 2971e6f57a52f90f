import { Logger } from '@nestjs/common';
import type { TunnelReport } from '@ossea/agent-protocol';
import { TunnelWatch, type ProbeRates, type SourceTunnel, type TunnelState } from '@ossea/tunnel';
import { probeOma, type OmaAnswer } from './probe-oma.js';

export interface WatchSettings {
  /** That shall stand. */
  readonly connections: number;
  readonly rates: ProbeRates;
  /** Copies that run now. */
  readonly copies: () => number;
}

const LINK = { up: 'all', degraded: 'some' } as const;

/** The tunnel of this VMA with its watch: only this side can try the way to the OMA's storage daemon. */
export class WatchedTunnel implements AsyncDisposable {
  private readonly watch: TunnelWatch;
  private storageDaemon: OmaAnswer['storageDaemon'] | undefined;

  /** @param client that has been started. */
  constructor(
    readonly client: SourceTunnel,
    private readonly settings: WatchSettings,
  ) {
    this.watch = new TunnelWatch({
      name: 'The tunnel to the OMA',
      direction: 'to-oma',
      rates: settings.rates,
      probe: async () => {
        const { rttMs, storageDaemon } = await probeOma(client.connections);
        this.storageDaemon = storageDaemon;
        return rttMs;
      },
      restart: () => client.restart(),
      isCopying: () => settings.copies() > 0,
      facts: () => ({
        connections: `${client.connections.length} of ${settings.connections}`,
        bytes: this.bytes,
      }),
      log: new Logger('agent'),
    });
    client.on('state', (state) => this.follow(state));
    this.follow(client.state);
  }

  get report(): TunnelReport {
    const { answers, rttMs, lastFailure } = this.watch.health;
    return {
      connections: this.client.connections.length,
      expected: this.settings.connections,
      bytes: this.bytes,
      copies: this.settings.copies(),
      toOma: {
        answer: answers['to-oma'],
        failuresInARow: this.watch.failuresInARow,
        ...(rttMs['to-oma'] === undefined ? {} : { rttMs: rttMs['to-oma'] }),
        ...(lastFailure
          ? { lastFailure: { at: lastFailure.at.toISOString(), why: lastFailure.why.slice(0, 1_000) } }
          : {}),
        ...(this.storageDaemon === undefined ? {} : { storageDaemon: this.storageDaemon }),
      },
      restarts: this.watch.restarts,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.watch.stop();
    await this.client[Symbol.asyncDispose]();
    await stopped;
  }

  private get bytes(): number {
    return this.client.connections.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  }

  private follow({ state, error }: TunnelState): void {
    if (state === 'down')
      this.watch.observe({ type: 'disconnected', why: error?.message ?? 'The connection was lost.' });
    else this.watch.observe({ type: 'connected', link: LINK[state] });
  }
}

import { networkOf } from './network-of.js';

/** A connection that has not said who it is. */
export interface PendingConnection {
  readonly address: string;
  /** Bytes that it has said; unknown where another program reads them. */
  readonly bytesRead?: number;
  /** Ends it at once. */
  cut(): void;
}

/**
 * Connections that have not authenticated yet. A flood of idle ones must not keep a legitimate VMA out, which may stand
 * behind the same address: a full house evicts (of the address that holds the most) never the newcomer, but whoever has
 * said least, the oldest of them. A log-in over a long link takes half a second; silence must not push it out.
 */
export class PendingConnections {
  private readonly pending = new Map<PendingConnection, NodeJS.Timeout>();

  constructor(
    private readonly limits: {
      readonly handshakeTimeoutMs: number;
      readonly pendingPerAddress: number;
      readonly pendingTotal: number;
    },
    private readonly onRefused: (address: string, what: string) => void,
  ) {}

  get size(): number {
    return this.pending.size;
  }

  /** Takes a new connection in and watches over it until `settle`. */
  add(connection: PendingConnection): void {
    const { address } = connection;
    const network = networkOf(address);
    const counts = this.counts();
    if ((counts.get(network) ?? 0) >= this.limits.pendingPerAddress) this.evictOne(network);
    else if (this.pending.size >= this.limits.pendingTotal)
      this.evictOne([...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? network);
    const timer = setTimeout(() => {
      this.onRefused(address, 'handshake time-out');
      connection.cut();
    }, this.limits.handshakeTimeoutMs);
    timer.unref();
    this.pending.set(connection, timer);
  }

  /** The connection has authenticated, or is gone. */
  settle(connection: PendingConnection): void {
    clearTimeout(this.pending.get(connection));
    this.pending.delete(connection);
  }

  private counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { address } of this.pending.keys()) {
      const network = networkOf(address);
      counts.set(network, (counts.get(network) ?? 0) + 1);
    }
    return counts;
  }

  private evictOne(network: string): void {
    let silent: PendingConnection | undefined;
    for (const one of this.pending.keys())
      if (networkOf(one.address) === network && said(one) < (silent ? said(silent) : Infinity)) silent = one;
    if (!silent) return;
    this.onRefused(silent.address, 'evicted: too many unauthenticated connections');
    this.settle(silent);
    silent.cut();
  }
}

function said({ bytesRead = 0 }: PendingConnection): number {
  return bytesRead;
}

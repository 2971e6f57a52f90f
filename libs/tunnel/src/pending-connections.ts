/** A connection that has not said who it is. */
export interface PendingConnection {
  readonly address: string;
  /** Ends it at once. */
  cut(): void;
}

/**
 * Connections that have not authenticated yet. A flood of idle ones must not keep a legitimate VMA out, which may stand
 * behind the same address: a full house evicts the oldest (of the address that holds the most), never the newcomer.
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
    const counts = this.counts();
    if ((counts.get(address) ?? 0) >= this.limits.pendingPerAddress) this.evictOldest(address);
    else if (this.pending.size >= this.limits.pendingTotal)
      this.evictOldest([...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? address);
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
    for (const { address } of this.pending.keys()) counts.set(address, (counts.get(address) ?? 0) + 1);
    return counts;
  }

  private evictOldest(address: string): void {
    for (const connection of this.pending.keys()) {
      if (connection.address !== address) continue;
      this.onRefused(address, 'evicted: too many unauthenticated connections');
      this.settle(connection);
      connection.cut();
      return;
    }
  }
}

import type { Socket } from 'node:net';

interface Pending {
  readonly address: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections that have not authenticated yet. A flood of idle ones must not keep a legitimate VMA out, which may stand
 * behind the same address: a full house evicts (of the address that holds the most) never the newcomer, but whoever has
 * said least, the oldest of them. A log-in over a long link takes half a second; silence must not push it out.
 */
export class PendingConnections {
  private readonly pending = new Map<Socket, Pending>();

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

  /** Takes a new socket in and watches over it until `settle`. */
  add(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown';
    const counts = this.counts();
    if ((counts.get(address) ?? 0) >= this.limits.pendingPerAddress) this.evictOne(address);
    else if (this.pending.size >= this.limits.pendingTotal)
      this.evictOne([...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? address);
    const timer = setTimeout(() => {
      this.onRefused(address, 'handshake time-out');
      socket.destroy();
    }, this.limits.handshakeTimeoutMs);
    timer.unref();
    this.pending.set(socket, { address, timer });
    socket.once('close', () => this.settle(socket));
  }

  /** The socket has authenticated, or is gone. */
  settle(socket: Socket): void {
    const entry = this.pending.get(socket);
    if (!entry) return;
    clearTimeout(entry.timer);
    this.pending.delete(socket);
  }

  private counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { address } of this.pending.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    return counts;
  }

  private evictOne(address: string): void {
    let silent: Socket | undefined;
    for (const [socket, entry] of this.pending)
      if (entry.address === address && socket.bytesRead < (silent?.bytesRead ?? Infinity)) silent = socket;
    if (!silent) return;
    this.onRefused(address, 'evicted: too many unauthenticated connections');
    this.settle(silent);
    silent.destroy();
  }
}

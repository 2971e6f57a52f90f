import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Entry {
  readonly socket: Socket;
  readonly address: string;
  /** What is under way on it. */
  readonly requests: Set<IncomingMessage>;
  /** It has become a socket of the feed, which has limits of its own. */
  upgraded: boolean;
}

export interface ConnectionLimits {
  readonly total: number;
  readonly perAddress: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = { total: 1_000, perAddress: 200 };

/**
 * How many connections the server keeps. Slow ones are cheap to hold for whoever attacks, so a full house turns out
 * the oldest one that has not even asked for anything whole (of the address that holds the most), never the newcomer:
 * an administrator comes in, whoever else fills the house.
 */
export class HttpConnections {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly limits: ConnectionLimits = CONNECTION_LIMITS) {}

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.add(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const entry = this.entries.get(nameOf(request.socket));
      entry?.requests.add(request);
      response.once('close', () => entry?.requests.delete(request));
    });
    server.on('upgrade', ({ socket }: IncomingMessage) => {
      const entry = this.entries.get(nameOf(socket));
      if (entry) entry.upgraded = true;
    });
  }

  get size(): number {
    return this.entries.size;
  }

  private add(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown';
    const counts = new Map<string, number>();
    for (const one of this.entries.values()) counts.set(one.address, (counts.get(one.address) ?? 0) + 1);
    if ((counts.get(address) ?? 0) >= this.limits.perAddress) this.makeRoom(address, socket);
    else if (this.entries.size >= this.limits.total) {
      const [busiest] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [address];
      this.makeRoom(busiest, socket);
    }
    if (socket.destroyed) return;
    const name = nameOf(socket);
    this.entries.set(name, { socket, address, requests: new Set(), upgraded: false });
    socket.once('close', () => this.entries.delete(name));
  }

  private makeRoom(address: string, newcomer: Socket): void {
    for (const [name, entry] of this.entries) {
      if (entry.address !== address || !isWaitedFor(entry)) continue;
      this.entries.delete(name);
      entry.socket.destroy();
      return;
    }
    // all the others are being answered
    newcomer.destroy();
  }
}

/** Idle, or still being told what it wants. */
function isWaitedFor({ requests, upgraded }: Entry): boolean {
  return !upgraded && [...requests].every(({ complete }) => !complete);
}

/** The same for a connection and for the TLS that runs over it. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}

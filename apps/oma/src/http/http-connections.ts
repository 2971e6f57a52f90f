import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '@ossea/tunnel';

interface Entry {
  readonly socket: Socket;
  readonly network: string;
  /** What is under way on it. */
  readonly requests: Set<IncomingMessage>;
  /** It has become a socket of the feed, which has limits of its own. */
  upgraded: boolean;
}

export interface ConnectionLimits {
  readonly total: number;
  readonly perNetwork: number;
}

/**
 * An open connection costs a few kilobytes, turning one out as much as answering a request: so there are many, and a
 * flood finds a place and its time-out sooner than it makes us work.
 */
export const CONNECTION_LIMITS: ConnectionLimits = { total: 2_000, perNetwork: 600 };

/**
 * How many connections the server keeps. Slow ones are cheap to hold for whoever attacks, so a full house turns out
 * the oldest one that has not even asked for anything whole (of the network that holds the most), never the newcomer:
 * an administrator comes in, whoever else fills the house.
 */
export class HttpConnections {
  private readonly entries = new Map<string, Entry>();
  /** How many of each network there are. */
  private readonly counts = new Map<string, number>();

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
    const network = networkOf(socket.remoteAddress ?? '');
    const full =
      (this.counts.get(network) ?? 0) >= this.limits.perNetwork
        ? network
        : this.entries.size >= this.limits.total
          ? [...this.counts].sort((a, b) => b[1] - a[1])[0]?.[0]
          : undefined;
    // all the others are being answered
    if (full !== undefined && !this.makeRoom(full)) return void socket.destroy();
    const name = nameOf(socket);
    const stale = this.entries.get(name);
    if (stale) this.forget(name, stale);
    const entry: Entry = { socket, network, requests: new Set(), upgraded: false };
    this.entries.set(name, entry);
    this.counts.set(network, (this.counts.get(network) ?? 0) + 1);
    socket.once('close', () => this.forget(name, entry));
  }

  private makeRoom(network: string): boolean {
    for (const [name, entry] of this.entries) {
      if (entry.network !== network || !isWaitedFor(entry)) continue;
      this.forget(name, entry);
      entry.socket.destroy();
      return true;
    }
    return false;
  }

  /** Once: the name may be another's by now. */
  private forget(name: string, entry: Entry): void {
    if (this.entries.get(name) !== entry) return;
    this.entries.delete(name);
    const left = (this.counts.get(entry.network) ?? 0) - 1;
    if (left > 0) this.counts.set(entry.network, left);
    else this.counts.delete(entry.network);
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

import './channel-window.js';
import './packet-padding.js';
import { EventEmitter } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import { ALGORITHMS, KEEPALIVE } from './algorithms.js';
import { fingerprint, publicKeyOf } from './keys.js';
import { networkOf } from './network-of.js';
import { PendingConnections, type PendingConnection } from './pending-connections.js';
import {
  DEFAULT_TUNNEL_LIMITS,
  isExpired,
  type TunnelLimits,
  type TunnelServerEvents,
  type TunnelServerOptions,
} from './server-options.js';
import type { LiveSession, TunnelTransport } from './transport.js';
import { TunnelSession } from './tunnel-session.js';
import { TurnTaking } from './turn-taking.js';

/**
 * The target side's SSH server. A VMA can open exactly two things: a channel to its own NBD socket, and a listener for
 * its own agent; user `enroll` reaches the enrolment exchange alone. Events: `TunnelServerEvents`.
 */
export class TunnelServer extends EventEmitter<TunnelServerEvents> implements TunnelTransport {
  readonly kind = 'ssh2';
  private readonly listener: net.Server;
  private readonly ssh: InstanceType<typeof ssh2.Server>;
  private readonly limits: TunnelLimits;
  private readonly pending: PendingConnections;
  private readonly turns: TurnTaking;
  private readonly sockets = new Map<
    string,
    { readonly socket: Socket; readonly pending: PendingConnection }
  >();
  private readonly alive = new Set<TunnelSession>();
  /** Keeps two connections of one VMA from binding its listener at the same time. */
  private readonly agentClaims = new Map<string, TunnelSession>();
  private count = 0;

  constructor(private readonly options: TunnelServerOptions) {
    super();
    this.limits = { ...DEFAULT_TUNNEL_LIMITS, ...options.limits };
    this.pending = new PendingConnections(this.limits, (address, what) =>
      this.emit('refused', { address, what }),
    );
    this.turns = new TurnTaking(this.limits.handshakes);
    this.ssh = new ssh2.Server({
      hostKeys: [options.hostKey],
      ident: 'ossea',
      algorithms: ALGORITHMS,
      ...KEEPALIVE,
    });
    this.ssh.on('connection', (client, info) => this.onConnection(client, `${info.ip} ${info.port}`));
    // the socket is ours, so that an idle connection counts before it has said a word
    this.listener = net.createServer({ noDelay: true }, (socket) => this.onSocket(socket));
  }

  /** `SHA256:…` of the host key, to be compared by people. */
  get hostKeyFingerprint(): string {
    return fingerprint(publicKeyOf(this.options.hostKey));
  }

  /** Starts to listen. Rejects with the system's error when the address cannot be bound. */
  listen(where: { readonly host: string; readonly port: number }): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.listener.once('error', reject);
      this.listener.listen(where, () => {
        this.listener.removeListener('error', reject);
        resolve(this.listener.address() as AddressInfo);
      });
    });
  }

  /** Ids of the VMAs that are connected now, with the number of their connections. */
  connected(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { identity } of this.alive)
      if (identity) counts.set(identity.id, (counts.get(identity.id) ?? 0) + 1);
    return counts;
  }

  sessions(): readonly LiveSession[] {
    return [...this.alive].flatMap(({ identity, number, address, since, bytes }) =>
      identity ? [{ connection: number, id: identity.id, address, since, bytes }] : [],
    );
  }

  async refresh(): Promise<void> {
    await Promise.all(
      [...this.alive].map(async (session) => {
        const { identity } = session;
        if (!identity) return;
        const now = await this.options.identify(identity.publicKey);
        if (now?.id !== identity.id || isExpired(now)) session.destroy();
      }),
    );
  }

  /** Cuts all live connections of a VMA at once. `identify` must refuse its key from before this call. */
  revoke(id: string): number {
    let cut = 0;
    for (const session of this.alive) {
      if (session.identity?.id !== id) continue;
      session.destroy();
      cut += 1;
    }
    return cut;
  }

  /** Cuts everything and stops listening. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.listener.close(() => resolve()));
    this.turns.close();
    for (const { socket } of this.sockets.values()) socket.destroy();
    await Promise.all([...this.alive].map((session) => session.closeAgent()));
    await closed;
  }

  private onSocket(socket: Socket): void {
    const name = `${socket.remoteAddress} ${socket.remotePort}`;
    const pending: PendingConnection = {
      address: socket.remoteAddress ?? 'unknown',
      get bytesRead() {
        return socket.bytesRead;
      },
      cut: () => socket.destroy(),
    };
    this.sockets.set(name, { socket, pending });
    socket.once('close', () => {
      this.sockets.delete(name);
      this.pending.settle(pending);
    });
    socket.on('error', () => socket.destroy());
    this.pending.add(pending);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    void firstBytes(socket, gone)
      .then(() => this.turns.turn(networkOf(pending.address), gone))
      .then((mayGo) => {
        if (mayGo && !socket.destroyed) this.ssh.injectSocket(socket);
      });
  }

  private onConnection(client: Connection, socketName: string): void {
    const known = this.sockets.get(socketName);
    if (!known) return void client.end();
    const { socket, pending } = known;
    this.count += 1;
    const session: TunnelSession = new TunnelSession(
      this.count,
      client,
      socket,
      { ...this.options, limits: this.limits },
      {
        authenticated: () => this.onAuthenticated(session, socket, pending),
        claimAgent: () => this.claimAgent(session),
        ownsAgent: () => this.agentClaims.get(session.identity?.id ?? '') === session,
        agentListening: (_, { port }) => {
          const { id, agentSocketPath } = session.identity ?? { id: '' };
          this.emit('agent-listening', {
            id,
            ...(agentSocketPath === undefined ? {} : { socketPath: agentSocketPath }),
            ...(port === undefined ? {} : { port }),
          });
        },
        refused: (_, what) => {
          const id = session.identity?.id;
          this.emit('refused', { ...(id === undefined ? {} : { id }), address: session.address, what });
        },
        closed: () => this.onClosed(session),
      },
    );
    this.alive.add(session);
  }

  private onAuthenticated(session: TunnelSession, socket: Socket, pending: PendingConnection): boolean {
    this.pending.settle(pending);
    if (socket.destroyed) return false;
    const { identity } = session;
    if (identity) {
      const { id, publicKey } = identity;
      this.emit('connected', { id, publicKey, address: session.address, connection: session.number });
    }
    return true;
  }

  /** The newest connection of a VMA serves its agent: a stale one, not yet timed out, must not keep it away. */
  private async claimAgent(session: TunnelSession): Promise<void> {
    const id = session.identity?.id ?? '';
    const before = this.agentClaims.get(id);
    this.agentClaims.set(id, session);
    if (before && before !== session) await before.closeAgent();
  }

  private onClosed(session: TunnelSession): void {
    this.alive.delete(session);
    const { identity } = session;
    if (!identity) return this.turns.charge(networkOf(session.address), this.limits.strangersTurns);
    if (this.agentClaims.get(identity.id) === session) this.agentClaims.delete(identity.id);
    this.emit('disconnected', { id: identity.id, connection: session.number, bytes: session.bytes });
  }
}

/** Both sides say their identification first, unasked (RFC 4253, section 4.2); some wait for the other's all the same. */
const IDENT_MS = 1_000;

/** Settles when the peer has said something, or waits for us: who only holds the line takes nobody's turn meanwhile. */
async function firstBytes(socket: Socket, gone: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const heard = new Promise<void>((resolve) => {
    socket.once('readable', () => resolve());
    timer = setTimeout(resolve, IDENT_MS);
  });
  await Promise.race([heard, gone]);
  clearTimeout(timer);
}

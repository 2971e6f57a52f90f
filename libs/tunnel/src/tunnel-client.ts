import { EventEmitter } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import net, { type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { asMigrationError, withDeadline, type MigrationError } from '@ossea/errors';
import { DEFAULT_ENDPOINTS, TUNNEL_USER, type TunnelEndpoints } from './algorithms.js';
import { Backoff } from './backoff.js';
import { joinStreams } from './join-streams.js';
import type {
  SourceTunnel,
  TunnelClientEvents,
  TunnelClientOptions,
  TunnelState,
  TunnelWay,
} from './client-options.js';
import { SshConnection } from './ssh-connection.js';

/** The source side of the tunnel: dials, offers the server's NBD locally, lets the server call the agent, and comes back for ever. */
export class TunnelClient extends EventEmitter<TunnelClientEvents> implements SourceTunnel {
  private readonly aborter = new AbortController();
  private readonly live: (SshConnection | undefined)[];
  private readonly bound: net.Server[] = [];
  private readonly locals = new Set<Socket>();
  private waiting: (() => void)[] = [];
  private lastError: MigrationError | undefined;
  private loops: Promise<void>[] = [];
  private turn = 0;
  /** The loopback port in use, where one was asked for. */
  nbdPort: number | undefined;

  /** Connections in whose place others are; they end with what they carry, or when the server ends them. */
  private readonly former = new Set<SshConnection>();

  constructor(private options: TunnelClientOptions) {
    super();
    this.live = Array.from({ length: Math.max(1, options.connections ?? 1) });
  }

  get state(): TunnelState {
    const connections = this.live.filter(Boolean).length;
    const state = connections === this.live.length ? 'up' : connections > 0 ? 'degraded' : 'down';
    return { state, connections, ...(state === 'up' || !this.lastError ? {} : { error: this.lastError }) };
  }

  /** The connections that stand now, for whoever wants to try or count them. */
  get connections(): readonly TunnelWay[] {
    const { nbd } = this.endpoints;
    return this.live.flatMap((connection) =>
      connection
        ? [{ bytes: connection.bytes, closesWhenRefused: false, openNbd: () => connection.open(nbd) }]
        : [],
    );
  }

  /** Opens the local sockets and begins to dial; returns before the tunnel is up. Rejects when a socket cannot be bound. */
  async start(): Promise<void> {
    await rm(this.options.nbdSocketPath, { force: true });
    await this.bind({ path: this.options.nbdSocketPath });
    await chmod(this.options.nbdSocketPath, 0o600);
    if (this.options.nbdPort !== undefined) {
      const server = await this.bind({ port: this.options.nbdPort, host: '127.0.0.1' });
      this.nbdPort = (server.address() as net.AddressInfo).port;
    }
    this.loops = this.live.map((_, index) => this.keepConnected(index));
  }

  /** Resolves once at least one connection is up; rejects with the signal's reason. */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.live.some(Boolean)) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  async useKey(privateKey: string): Promise<void> {
    const { signal } = this.aborter;
    const options = { ...this.options, privateKey };
    const dial = () => SshConnection.dial({ ...options, username: TUNNEL_USER }, signal);
    const first = await dial();
    this.options = options;
    for (const index of this.live.keys()) {
      const old = this.live[index];
      // a loop that is dialling takes the new key by itself
      if (!old) continue;
      try {
        const fresh = index === 0 ? first : await dial();
        if (index === 0) await this.moveAgent(old, fresh);
        this.former.add(old);
        void old.closed.then(() => this.former.delete(old));
        this.live[index] = fresh;
      } catch {
        // the server did not let it take the place: the old one makes room, and the loop dials again
        old.destroy();
      }
    }
    if (!this.live.includes(first)) first.destroy();
  }

  /** Cuts the live connections, so that new ones are made; for a monitor that finds the tunnel dead though it looks alive. */
  restart(): void {
    for (const connection of this.live) connection?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.aborter.abort();
    this.wake();
    for (const socket of this.locals) socket.destroy();
    for (const connection of this.former) connection.destroy();
    this.restart();
    await Promise.all([
      ...this.loops,
      ...this.bound.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
    ]);
  }

  private async keepConnected(index: number): Promise<void> {
    const backoff = this.options.backoff?.() ?? new Backoff();
    const { signal } = this.aborter;
    while (!signal.aborted) {
      try {
        const connection = await SshConnection.dial({ ...this.options, username: TUNNEL_USER }, signal);
        try {
          if (index === 0) await this.offerAgent(connection);
          this.live[index] = connection;
          backoff.reset();
          this.changed(undefined);
          this.wake();
          // the one that came in the place of this one is watched as well
          for (let now: SshConnection | undefined = connection; now;) {
            await now.closed;
            now = this.live[index] === now ? undefined : this.live[index];
          }
        } finally {
          connection.destroy();
          this.live[index]?.destroy();
          this.live[index] = undefined;
        }
        this.changed(undefined);
      } catch (error) {
        if (signal.aborted) return;
        this.changed(asMigrationError(error, 'tunnel.down'));
      }
      await pause(backoff.next(), undefined, { signal }).catch(() => undefined);
    }
  }

  private get endpoints(): TunnelEndpoints {
    return this.options.endpoints ?? DEFAULT_ENDPOINTS;
  }

  private async offerAgent(connection: SshConnection): Promise<void> {
    const { agent } = this.options;
    if (!agent) return;
    await connection.listen(this.endpoints.agent, async (accept) => {
      const socket = await connectLocal('path' in agent ? agent : { ...agent, host: '127.0.0.1' });
      const channel = accept();
      if (channel) joinStreams(socket, channel);
      else socket.destroy();
    });
  }

  /** OpenSSH lets one of them listen: the old one stops listening, and goes on with what it carries. */
  private async moveAgent(old: SshConnection, fresh: SshConnection): Promise<void> {
    try {
      await this.offerAgent(fresh);
    } catch {
      await old.unlisten(this.endpoints.agent);
      await this.offerAgent(fresh);
    }
  }

  private changed(error: MigrationError | undefined): void {
    this.lastError = error;
    this.emit('state', this.state);
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private async onLocal(socket: Socket): Promise<void> {
    this.locals.add(socket);
    socket.once('close', () => this.locals.delete(socket));
    socket.on('error', () => socket.destroy());
    try {
      await withDeadline(this.aborter.signal, this.options.holdMs ?? 15_000, ({ signal }) =>
        this.ready(signal),
      );
      const channel = await this.nextConnection().open(this.endpoints.nbd);
      if (socket.destroyed) channel.destroy();
      else joinStreams(socket, channel);
    } catch {
      // the engine sees a lost connection and says so; the state event carries the reason
      socket.destroy();
    }
  }

  /** Only called while one is live. */
  private nextConnection(): SshConnection {
    for (;;) {
      const connection = this.live[this.turn % this.live.length];
      this.turn += 1;
      if (connection) return connection;
    }
  }

  private bind(where: net.ListenOptions): Promise<net.Server> {
    const server = net.createServer(
      { pauseOnConnect: true, noDelay: true },
      (socket) => void this.onLocal(socket),
    );
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.removeListener('error', reject);
        this.bound.push(server);
        resolve(server);
      });
    });
  }
}

function connectLocal(where: net.NetConnectOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(where);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}

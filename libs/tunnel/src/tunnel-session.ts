import net, { type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Connection, Session } from 'ssh2';
import { AgentListener } from './agent-listener.js';
import { AGENT_ADDRESS, NBD_ADDRESS, isAddress } from './algorithms.js';
import { authenticate, type Principal } from './authenticate.js';
import { serveEnrolChannel } from './enrol-channel.js';
import { serveEnrolSession } from './enrol-session.js';
import { gatherWrites } from './gather-writes.js';
import { joinStreams } from './join-streams.js';
import { fingerprint } from './keys.js';
import { watchSilence } from './silence-watch.js';
import {
  NO_STORAGE_DAEMON,
  type TunnelIdentity,
  type TunnelLimits,
  type TunnelServerOptions,
} from './server-options.js';

const ENROL_SESSION_MS = 60_000;

export interface SessionHooks {
  /** The connection has proven who it is; `false` ends it. */
  authenticated(session: TunnelSession): boolean;
  /** Makes room for this session's agent listener: the same VMA's older one is closed first. */
  claimAgent(session: TunnelSession): Promise<void>;
  /** Whether no newer connection has claimed it since. */
  ownsAgent(session: TunnelSession): boolean;
  agentListening(session: TunnelSession, listener: AgentListener): void;
  refused(session: TunnelSession, what: string): void;
  closed(session: TunnelSession): void;
}

/** One SSH connection. What is not served here does not exist: no shell, no exec, no other address. */
export class TunnelSession {
  principal: Principal | undefined;
  readonly since = new Date();
  readonly address: string;
  private listener: AgentListener | undefined;
  private agentAsked = false;
  private forwards = Promise.resolve();
  private attempts = 0;
  private channels = 0;
  private refusals = 0;
  private rekeyTimer: NodeJS.Timeout | undefined;

  constructor(
    readonly number: number,
    private readonly client: Connection,
    private readonly socket: Socket,
    private readonly options: TunnelServerOptions & { readonly limits: TunnelLimits },
    private readonly hooks: SessionHooks,
  ) {
    this.address = socket.remoteAddress ?? 'unknown';
    client.on('authentication', (context) => {
      authenticate(context, options).then(
        (result) => {
          if (result === 'would-do') return context.accept();
          if (!result) return this.refuseAuthentication(() => context.reject(['publickey']));
          this.principal = result;
          if (hooks.authenticated(this)) context.accept();
          else this.destroy();
        },
        () => this.refuseAuthentication(() => context.reject(['publickey'])),
      );
    });
    client.on('ready', () => this.onReady());
    client.on('tcpip', (accept, reject, info) => {
      this.onChannel(accept, reject, { host: info.destIP, port: info.destPort });
    });
    client.on('request', (accept, reject, name, info) => {
      const asked = { host: info.bindAddr, port: info.bindPort };
      // one after the other: a listener that is cancelled while it is being bound would stay for ever
      this.forwards = this.forwards
        .then(async () => {
          if (await this.onForward(name, asked)) accept?.();
          else reject?.();
        })
        .catch(() => this.destroy());
    });
    client.on('session', (accept, reject) => this.onSession(accept, reject));
    client.on('openssh.streamlocal', (_accept, reject) => this.refuse('direct-streamlocal', reject));
    client.on('error', () => this.destroy());
    client.on('close', () => this.onClose());
  }

  get identity(): TunnelIdentity | undefined {
    return this.principal?.kind === 'vma' ? this.principal.identity : undefined;
  }

  get bytes(): number {
    return this.socket.bytesRead + this.socket.bytesWritten;
  }

  /** Cuts the connection now, without waiting for the peer. */
  destroy(): void {
    this.socket.destroy();
  }

  async closeAgent(): Promise<void> {
    const listener = this.listener;
    this.listener = undefined;
    await listener?.close();
  }

  private onReady(): void {
    if (this.principal?.kind === 'enrolling') {
      const timer = setTimeout(() => this.destroy(), ENROL_SESSION_MS);
      timer.unref();
      this.socket.once('close', () => clearTimeout(timer));
      return;
    }
    watchSilence(this.socket);
    this.scheduleRekey();
  }

  /** New session keys after so many bytes or so long; checked often enough for a fast link. */
  private scheduleRekey(): void {
    const { rekeyBytes, rekeyAfterMs } = this.options.limits;
    let since = { bytes: this.bytes, at: Date.now() };
    let running = false;
    this.rekeyTimer = setInterval(
      () => {
        if (running || (this.bytes - since.bytes < rekeyBytes && Date.now() - since.at < rekeyAfterMs))
          return;
        running = true;
        this.client.rekey(() => {
          since = { bytes: this.bytes, at: Date.now() };
          running = false;
        });
      },
      Math.min(5_000, rekeyAfterMs),
    );
    this.rekeyTimer.unref();
  }

  private refuseAuthentication(reject: () => void): void {
    this.attempts += 1;
    this.hooks.refused(this, 'authentication');
    if (this.attempts >= this.options.limits.authAttempts) this.destroy();
    else reject();
  }

  private refuse(what: string, reject: (() => void) | undefined): void {
    this.refusals += 1;
    this.hooks.refused(this, what);
    reject?.();
    if (this.refusals >= this.options.limits.refusalsPerConnection) this.destroy();
  }

  private onChannel(
    accept: () => Duplex | undefined,
    reject: () => void,
    asked: { readonly host: string; readonly port: number },
  ): void {
    const principal = this.principal;
    if (this.channels >= this.options.limits.channelsPerConnection)
      return this.refuse('channel limit', reject);
    if (principal?.kind === 'vma' && isAddress(asked, NBD_ADDRESS))
      return this.openNbd(principal.identity, accept, reject);
    // the port and the kind say enough; a name that the peer chose does not belong into a log line
    this.refuse(`direct-tcpip to another address, port ${asked.port}`, reject);
  }

  /** The daemon's socket first, the channel after: a daemon that is down is a refused channel, not one that dies. */
  private openNbd(identity: TunnelIdentity, accept: () => Duplex | undefined, reject: () => void): void {
    this.channels += 1;
    const socket = net.connect({ path: identity.nbdSocketPath });
    gatherWrites(socket);
    socket.once('close', () => (this.channels -= 1));
    socket.once('error', () => {
      this.hooks.refused(this, NO_STORAGE_DAEMON);
      reject();
    });
    socket.once('connect', () => {
      const channel = this.socket.destroyed ? undefined : accept();
      if (channel) joinStreams(socket, channel);
      else socket.destroy();
    });
  }

  /** Only who enrols has a session channel, one at a time, for the exchange alone. */
  private onSession(accept: () => Session, reject: () => void): void {
    const { principal } = this;
    const { enrol } = this.options;
    if (principal?.kind !== 'enrolling' || !enrol || this.channels > 0) return this.refuse('session', reject);
    const { publicKey } = principal;
    this.channels += 1;
    const session = accept();
    session.once('close', () => (this.channels -= 1));
    const peer = { publicKey, fingerprint: fingerprint(publicKey), address: this.address };
    serveEnrolSession(session, {
      serve: (channel) => serveEnrolChannel(channel, (request) => enrol(request, peer)),
      refused: (what, refuse) => this.refuse(what, refuse),
    });
  }

  private async onForward(
    name: string,
    asked: { readonly host: string; readonly port: number },
  ): Promise<boolean> {
    const identity = this.identity;
    if (identity && name === 'cancel-tcpip-forward' && isAddress(asked, AGENT_ADDRESS) && this.agentAsked) {
      await this.closeAgent();
      this.agentAsked = false;
      return true;
    }
    if (!identity || name !== 'tcpip-forward' || !isAddress(asked, AGENT_ADDRESS) || this.agentAsked) {
      this.refuse(name, undefined);
      return false;
    }
    this.agentAsked = true;
    try {
      await this.hooks.claimAgent(this);
      const listener = await AgentListener.listen(
        identity,
        (remotePort) => this.openAgentChannel(remotePort),
        () => !this.socket.destroyed && this.hooks.ownsAgent(this),
      );
      if (this.socket.destroyed || !this.hooks.ownsAgent(this)) {
        await listener.close();
        return false;
      }
      this.listener = listener;
      this.hooks.agentListening(this, listener);
      return true;
    } catch {
      this.agentAsked = false;
      this.refuse('the agent listener cannot be bound', undefined);
      return false;
    }
  }

  /** The numbers are those the VMA asked for; the real listener is this server's affair. */
  private openAgentChannel(remotePort: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.client.forwardOut(
        AGENT_ADDRESS.host,
        AGENT_ADDRESS.port,
        '127.0.0.1',
        remotePort,
        (error, channel) => (error ? reject(error) : resolve(channel)),
      );
    });
  }

  private onClose(): void {
    clearInterval(this.rekeyTimer);
    void this.closeAgent();
    this.hooks.closed(this);
  }
}

import { EventEmitter } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { MigrationError } from '@ossea/errors';
import { createProcessRunner } from '@ossea/process';
import { fingerprint, publicKeyOf } from '../keys.js';
import { networkOf } from '../network-of.js';
import { PendingConnections } from '../pending-connections.js';
import { TurnTaking } from '../turn-taking.js';
import {
  DEFAULT_TUNNEL_LIMITS,
  isExpired,
  type TunnelIdentity,
  type TunnelLimits,
  type TunnelServerEvents,
  type TunnelServerOptions,
} from '../server-options.js';
import type { LiveSession, TunnelTransport } from '../transport.js';
import { AgentDoors } from './agent-doors.js';
import { EnrolDoor } from './enrol-door.js';
import { KeyFiles, isNumbered, type NumberedIdentity } from './key-files.js';
import { NbdDoors } from './nbd-doors.js';
import { holdsSocket, listenerAt } from './loopback-sockets.js';
import { preparePlace, type Place } from './place.js';
import { RunningFiles } from './running-files.js';
import { SshdSession, type Proven } from './sshd-session.js';

/** Between the connection and its end there is no other way for a key that is `enrolling` to stay. */
const ENROL_SESSION_MS = 60_000;

type Principal =
  | { readonly kind: 'vma'; readonly identity: NumberedIdentity }
  | { readonly kind: 'enrolling'; readonly publicKey: string };

/** What there is only while it listens. */
interface Running {
  readonly place: Place;
  readonly files: RunningFiles;
  readonly keys: KeyFiles;
  readonly nbd: NbdDoors;
  readonly agents: AgentDoors;
  readonly enrol: EnrolDoor | undefined;
}

/**
 * The tunnel over the system's OpenSSH: we accept the connections, each gets an sshd of its own (`-i`) under our
 * configuration, and what passes goes through loopback numbers that belong to one VMA each. Keeps the contract of
 * `TunnelTransport` exactly as `TunnelServer` does. Events: `TunnelServerEvents`.
 */
export class OpenSshServer extends EventEmitter<TunnelServerEvents> implements TunnelTransport {
  readonly kind = 'openssh';
  private readonly listener: net.Server;
  private readonly limits: TunnelLimits;
  private readonly pending: PendingConnections;
  private readonly turns: TurnTaking;
  private readonly runner;
  private readonly alive = new Map<SshdSession, Principal | undefined>();
  private readonly served = new Set<Promise<void>>();
  private running: Running | undefined;
  private refreshing: Promise<void> = Promise.resolve();
  private count = 0;
  private closing = false;

  constructor(private readonly options: TunnelServerOptions) {
    super();
    this.limits = { ...DEFAULT_TUNNEL_LIMITS, ...options.limits };
    this.runner = options.openSsh?.runner ?? createProcessRunner();
    this.pending = new PendingConnections(this.limits, (address, what) =>
      this.emit('refused', { address, what }),
    );
    this.turns = new TurnTaking(this.limits.handshakes);
    // sshd reads from the first byte on: we may not have taken any
    this.listener = net.createServer(
      { pauseOnConnect: true, noDelay: true },
      (socket) => void this.onSocket(socket),
    );
  }

  get hostKeyFingerprint(): string {
    return fingerprint(publicKeyOf(this.options.hostKey));
  }

  async listen(where: { readonly host: string; readonly port: number }): Promise<AddressInfo> {
    const { hostKey, enrol, identities, openSsh = {} } = this.options;
    if (!identities)
      throw new MigrationError(
        'config.missing',
        'tunnel.transport: expected a table of identities for openssh.',
      );
    const place = await preparePlace(openSsh, {
      hostKey,
      limits: this.limits,
      runner: this.runner,
      enrols: enrol !== undefined,
    });
    const files = new RunningFiles(place.runningDirectory);
    files.endLeftovers();
    const tunnelUid = place.accounts.tunnel.uid;
    const refused = (id: string, what: string) => this.emit('refused', { id, address: '127.0.0.1', what });
    this.running = {
      place,
      files,
      keys: new KeyFiles(place.keysDirectory, place.revokedKeysFile),
      nbd: new NbdDoors({
        tunnelUid,
        mayPass: (id, open) =>
          open < this.limits.channelsPerConnection * Math.max(1, this.connected().get(id) ?? 0),
        refused,
      }),
      agents: new AgentDoors({
        tunnelUid,
        refused,
        listening: ({ id, agentSocketPath, agentPort }) =>
          this.emit('agent-listening', {
            id,
            port: agentPort,
            ...(agentSocketPath === undefined ? {} : { socketPath: agentSocketPath }),
          }),
      }),
      enrol:
        enrol &&
        (await EnrolDoor.open(place.enrolSocket, place.accounts.enrol, enrol, (key) => this.enrolling(key))),
    };
    try {
      await this.refresh();
      return await new Promise((resolve, reject) => {
        this.listener.once('error', reject);
        this.listener.listen(where, () => {
          this.listener.removeListener('error', reject);
          resolve(this.listener.address() as AddressInfo);
        });
      });
    } catch (error) {
      await this.closeDoors();
      throw error;
    }
  }

  connected(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { id } of this.sessions()) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  }

  sessions(): readonly LiveSession[] {
    return [...this.alive].flatMap(([{ number, address, since }, principal]) =>
      principal?.kind === 'vma' ? [{ connection: number, id: principal.identity.id, address, since }] : [],
    );
  }

  /** Brings keys and doors up to date, one call after the other, then cuts who may not be here any more. */
  refresh(): Promise<void> {
    const next = this.refreshing.then(() => this.bringUpToDate());
    this.refreshing = next.catch(() => undefined);
    return next;
  }

  revoke(id: string): number {
    // the keys first: who is cut comes back at once
    this.running?.keys.apply(this.admissible());
    let cut = 0;
    for (const [session, principal] of this.alive) {
      if (principal?.kind !== 'vma' || principal.identity.id !== id) continue;
      session.cut();
      this.leave(session);
      cut += 1;
    }
    return cut;
  }

  async close(): Promise<void> {
    this.closing = true;
    const closed = new Promise<void>((resolve) => this.listener.close(() => resolve()));
    this.turns.close();
    for (const session of this.alive.keys()) session.cut();
    await Promise.all([closed, ...this.served]);
    await this.closeDoors();
  }

  private async closeDoors(): Promise<void> {
    await this.refreshing;
    const { nbd, agents, enrol } = this.running ?? {};
    await Promise.all([nbd?.close(), agents?.close(), enrol?.close()]);
  }

  /** Whom OpenSSH can serve now: with its numbers, whose NBD number is ours, and with a key that has not expired. */
  private admissible(): NumberedIdentity[] {
    const all = [...(this.options.identities?.() ?? [])].filter((identity) => !isExpired(identity));
    return all.filter(isNumbered).filter(({ id, nbdPort }) => this.running?.nbd.isOpen(id, nbdPort) === true);
  }

  private async bringUpToDate(): Promise<void> {
    const { running } = this;
    if (!running) return;
    const all = [...(this.options.identities?.() ?? [])];
    for (const { id } of all.filter((identity) => !isNumbered(identity)))
      this.emit('refused', { id, address: '127.0.0.1', what: 'it has no numbers of its own' });
    await running.nbd.apply(all.filter(isNumbered));
    running.keys.apply(this.admissible());
    for (const [session, principal] of this.alive) {
      if (principal?.kind !== 'vma') continue;
      const now = await this.options.identify(principal.identity.publicKey);
      if (now?.id !== principal.identity.id || isExpired(now)) session.cut();
    }
  }

  private async onSocket(socket: Socket): Promise<void> {
    const { running } = this;
    if (!running || this.closing) return void socket.destroy();
    this.count += 1;
    const session: SshdSession = new SshdSession(
      this.count,
      socket,
      {
        place: running.place,
        runner: this.runner,
        running: running.files,
        refusalsPerConnection: this.limits.refusalsPerConnection,
      },
      {
        authenticated: (_, proven) => this.onAuthenticated(session, proven),
        refused: (_, what) => {
          const id = this.identityOf(session)?.id;
          this.emit('refused', { ...(id === undefined ? {} : { id }), address: session.address, what });
        },
        listenerTaken: () => void this.onListenerTaken(session),
        closed: () => this.leave(session),
      },
    );
    this.alive.set(session, undefined);
    this.pending.add(session);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const served = this.turns.turn(networkOf(session.address), gone).then(async (mayGo) => {
      session.hadItsTurn = mayGo;
      // nobody comes in through a table of yesterday
      await (mayGo ? this.refresh() : Promise.reject(new Error('no turn'))).catch(() => session.cut());
      await session.serve();
    });
    this.served.add(served);
    await served;
    this.served.delete(served);
  }

  private async onAuthenticated(session: SshdSession, { user, publicKey }: Proven): Promise<boolean> {
    const { running } = this;
    if (!running || !this.alive.has(session)) return false;
    if (user === running.place.accounts.enrol.name) {
      this.pending.settle(session);
      this.alive.set(session, { kind: 'enrolling', publicKey });
      setTimeout(() => session.cut(), ENROL_SESSION_MS).unref();
      return this.options.enrol !== undefined;
    }
    const identity: TunnelIdentity | undefined = await this.options.identify(publicKey);
    if (!identity || isExpired(identity) || !isNumbered(identity) || !this.alive.has(session)) return false;
    this.pending.settle(session);
    this.alive.set(session, { kind: 'vma', identity });
    const { id } = identity;
    this.emit('connected', { id, publicKey, address: session.address, connection: session.number });
    running.agents.enter(identity);
    return true;
  }

  /**
   * A VMA that dials anew finds its port held by its own former connection, which may be dead and not yet timed out. If
   * nobody answers behind it, it is cut, and the VMA's next attempt gets the port. What lives is left alone.
   */
  private async onListenerTaken(asking: SshdSession): Promise<void> {
    const identity = this.identityOf(asking);
    const { running } = this;
    if (!identity || !running || (await running.agents.answers(identity))) return;
    const listener = await listenerAt(identity.agentPort);
    for (const session of this.alive.keys())
      if (session !== asking && this.identityOf(session)?.id === identity.id && listener)
        if (session.childPid !== undefined && (await holdsSocket(session.childPid, listener.inode)))
          session.cut();
  }

  private enrolling(publicKey: string) {
    for (const [session, principal] of this.alive)
      if (principal?.kind === 'enrolling' && principal.publicKey === publicKey)
        return { publicKey, fingerprint: fingerprint(publicKey), address: session.address };
    return undefined;
  }

  private identityOf(session: SshdSession): NumberedIdentity | undefined {
    const principal = this.alive.get(session);
    return principal?.kind === 'vma' ? principal.identity : undefined;
  }

  private leave(session: SshdSession): void {
    const identity = this.identityOf(session);
    this.pending.settle(session);
    if (!this.alive.delete(session)) return;
    if (!identity) {
      if (session.hadItsTurn) this.turns.charge(networkOf(session.address), this.limits.strangersTurns);
      return;
    }
    this.running?.agents.leave(identity.id);
    this.emit('disconnected', { id: identity.id, connection: session.number, bytes: session.bytes });
  }
}

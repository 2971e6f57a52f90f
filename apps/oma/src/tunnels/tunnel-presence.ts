import { Injectable, Logger } from '@nestjs/common';
import { NO_STORAGE_DAEMON } from '@ossea/tunnel';
import type { TunnelEvent } from './server/control-messages.js';
import { RefusalLog } from './refusal-log.js';
import { TunnelTraffic } from './tunnel-traffic.js';

export interface Presence {
  /** Whether its agent can be called. */
  readonly connected: boolean;
  readonly since: Date | undefined;
  /** The loopback port of its agent that is really bound. */
  readonly agentPort: number | undefined;
}

/** One SSH connection of a VMA. */
export interface LiveConnection {
  readonly connection: number;
  readonly address: string;
  readonly since: Date;
}

interface Session {
  readonly connections: Map<number, { readonly address: string; readonly since: Date }>;
  agentListens: boolean;
  since: Date | undefined;
  agentPort: number | undefined;
}

const ABSENT: Presence = { connected: false, since: undefined, agentPort: undefined };

export type PresenceChange = { readonly type: 'here' } | { readonly type: 'gone'; readonly reason: string };

/** Which VMAs are here now, as the tunnel server tells. */
@Injectable()
export class TunnelPresence {
  private readonly logger = new Logger('tunnels');
  private readonly refusals = new RefusalLog(this.logger);
  private readonly sessions = new Map<string, Session>();
  /** Why a connection that is about to end does so, where we know it. */
  private readonly reasons = new Map<string, string>();
  private readonly proofs = new Set<(vmaId: string, publicKey: string) => void>();
  private readonly listeners = new Set<(vmaId: string, change: PresenceChange) => void>();

  constructor(private readonly traffic: TunnelTraffic) {}

  of(vmaId: string): Presence {
    const session = this.sessions.get(vmaId);
    if (!session?.agentListens) return ABSENT;
    return { connected: true, since: session.since, agentPort: session.agentPort };
  }

  /** The VMAs whose agent can be called. */
  connected(): string[] {
    return [...this.sessions].flatMap(([id, { agentListens }]) => (agentListens ? [id] : []));
  }

  /** A VMA's connections: their numbers, where they come from, and since when. */
  liveConnections(vmaId: string): LiveConnection[] {
    const all = this.sessions.get(vmaId)?.connections ?? new Map<number, never>();
    return [...all].map(([connection, known]) => ({ connection, ...known }));
  }

  /** The numbers of a VMA's connections. */
  connections(vmaId: string): number[] {
    return [...(this.sessions.get(vmaId)?.connections.keys() ?? [])];
  }

  /** Calls back whenever the agent of a VMA has become reachable, and when its last connection has ended. */
  onChange(listener: (vmaId: string, change: PresenceChange) => void): void {
    this.listeners.add(listener);
  }

  /** Calls back with the key of every connection that is made. */
  onProven(listener: (vmaId: string, publicKey: string) => void): void {
    this.proofs.add(listener);
  }

  /** Says why the connections of a VMA are about to end. */
  expectCut(vmaId: string, reason: string): void {
    if (this.sessions.has(vmaId)) this.reasons.set(vmaId, reason);
  }

  onEvent(event: TunnelEvent): void {
    this.traffic.onEvent(event);
    switch (event.type) {
      case 'connected':
        this.session(event.id).connections.set(event.connection, {
          address: event.address,
          since: new Date(),
        });
        for (const listener of this.proofs) listener(event.id, event.publicKey);
        this.logger.log(`${event.id} connected from ${event.address}.`);
        break;
      case 'agent-listening':
        this.onAgent(event.id, event.port);
        break;
      case 'disconnected':
        this.onDisconnected(event.id, event.connection);
        break;
      case 'refused':
        // a VMA without an export has no daemon, and asks now and then whether it can be reached
        if (event.what !== NO_STORAGE_DAEMON) this.refusals.add(event);
    }
  }

  /** The server process is gone, and every connection with it. */
  onLost(): void {
    this.traffic.onLost();
    for (const id of [...this.sessions.keys()]) this.gone(id, 'The tunnel server was restarted.');
  }

  private onAgent(id: string, port: number | undefined): void {
    const session = this.session(id);
    const isNew = !session.agentListens;
    session.agentListens = true;
    session.agentPort = port;
    session.since ??= new Date();
    if (port === undefined)
      this.logger.warn(`The loopback port for the agent of ${id} is taken by another program.`);
    if (!isNew) return;
    this.tell(id, { type: 'here' });
  }

  private onDisconnected(id: string, connection: number): void {
    const session = this.sessions.get(id);
    if (!session) return;
    session.connections.delete(connection);
    if (session.connections.size === 0) this.gone(id, this.reasons.get(id) ?? 'The connection was lost.');
  }

  private gone(id: string, reason: string): void {
    const session = this.sessions.get(id);
    this.sessions.delete(id);
    this.reasons.delete(id);
    if (!session?.agentListens) return;
    this.tell(id, { type: 'gone', reason });
  }

  private tell(id: string, change: PresenceChange): void {
    for (const listener of this.listeners) listener(id, change);
  }

  private session(id: string): Session {
    const found = this.sessions.get(id);
    if (found) return found;
    const session: Session = {
      connections: new Map(),
      agentListens: false,
      since: undefined,
      agentPort: undefined,
    };
    this.sessions.set(id, session);
    return session;
  }
}

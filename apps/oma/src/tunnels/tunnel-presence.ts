import { Injectable, Logger } from '@nestjs/common';
import type { FactType, FeedData } from '@ossea/api-contract';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Outbox } from '../progress/outbox.js';
import type { TunnelEvent } from './server/control-messages.js';
import { RefusalLog } from './refusal-log.js';
import { Vma } from './vma.entity.js';

export interface Presence {
  /** Whether its agent can be called. */
  readonly connected: boolean;
  readonly since: Date | undefined;
  /** The loopback port of its agent that is really bound. */
  readonly agentPort: number | undefined;
}

interface Session {
  readonly connections: Set<number>;
  agentListens: boolean;
  since: Date | undefined;
  agentPort: number | undefined;
}

const ABSENT: Presence = { connected: false, since: undefined, agentPort: undefined };

/** Which VMAs are here now, as the tunnel server tells; comings and goings become facts, in their order. */
@Injectable()
export class TunnelPresence {
  private readonly logger = new Logger('tunnels');
  private readonly refusals = new RefusalLog(this.logger);
  private readonly sessions = new Map<string, Session>();
  /** Why a connection that is about to end does so, where we know it. */
  private readonly reasons = new Map<string, string>();
  private readonly listeners = new Set<(vmaId: string) => void>();
  private told: Promise<void> = Promise.resolve();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
  ) {}

  of(vmaId: string): Presence {
    const session = this.sessions.get(vmaId);
    if (!session?.agentListens) return ABSENT;
    return { connected: true, since: session.since, agentPort: session.agentPort };
  }

  /** The VMAs whose agent can be called. */
  connected(): string[] {
    return [...this.sessions].flatMap(([id, { agentListens }]) => (agentListens ? [id] : []));
  }

  /** Calls back whenever the agent of a VMA has become reachable. */
  onUp(listener: (vmaId: string) => void): void {
    this.listeners.add(listener);
  }

  /** Says why the connections of a VMA are about to end. */
  expectCut(vmaId: string, reason: string): void {
    if (this.sessions.has(vmaId)) this.reasons.set(vmaId, reason);
  }

  onEvent(event: TunnelEvent): void {
    switch (event.type) {
      case 'connected':
        this.session(event.id).connections.add(event.connection);
        this.logger.log(`${event.id} connected from ${event.address}.`);
        break;
      case 'agent-listening':
        this.onAgent(event.id, event.port);
        break;
      case 'disconnected':
        this.onDisconnected(event.id, event.connection);
        break;
      case 'refused':
        this.refusals.add(event);
    }
  }

  /** The server process is gone, and every connection with it. */
  onLost(): void {
    for (const id of [...this.sessions.keys()]) this.gone(id, 'The tunnel server was restarted.');
  }

  /** Settles when everything that happened so far is stored. */
  settled(): Promise<void> {
    return this.told;
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
    this.logger.log(`The tunnel to ${id} is up.`);
    this.tell('tunnel.up', id, { vmaId: id });
    for (const listener of this.listeners) listener(id);
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
    this.logger.warn(`The tunnel to ${id} is down: ${reason}`);
    this.tell('tunnel.down', id, { vmaId: id, reason });
  }

  private tell<T extends FactType & `tunnel.${string}`>(type: T, id: string, data: FeedData<T>): void {
    this.told = this.told.then(() =>
      this.unitOfWork
        .run(async (manager) => {
          const now = new Date();
          await manager.getRepository(Vma).update({ id }, { lastSeenAt: now, updatedAt: now });
          await this.outbox.append(manager, type, id, data);
        })
        // the next fact says how it is then; what is true now is known without the database
        .catch((error: unknown) =>
          this.logger.error(`${type} of ${id} could not be stored: ${String(error)}`),
        ),
    );
  }

  private session(id: string): Session {
    const found = this.sessions.get(id);
    if (found) return found;
    const session: Session = {
      connections: new Set(),
      agentListens: false,
      since: undefined,
      agentPort: undefined,
    };
    this.sessions.set(id, session);
    return session;
  }
}

import { createHash } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { MigrationError, isMigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions, SourceSession, TargetSession } from '@ossea/plugin-sdk';
import { DataSource } from 'typeorm';
import { Connection } from './connection.entity.js';
import { SessionConnector, type Session } from './session-connector.js';

interface Held {
  /** Of what the session was opened with. */
  readonly fingerprint: string;
  readonly session: Promise<Session>;
}

/**
 * Live sessions of configured connections, one each, for as long as the settings stay as they are. A session stays
 * usable until its connection is removed: what others hold through it is theirs, whatever is changed meanwhile.
 */
@Injectable()
export class ConnectionSessions implements OnApplicationShutdown {
  private readonly held = new Map<string, Held>();
  /** Sessions of former settings, which may still hold volumes open. */
  private readonly former = new Map<string, Promise<Session>[]>();
  private readonly ending = new AbortController();
  private readonly logger = new Logger('connections');

  constructor(
    private readonly database: DataSource,
    private readonly connector: SessionConnector,
  ) {}

  /** The session of a source, through its VMA. Throws `request.not-found`, `config.missing`, and what connecting throws. */
  async source(connectionId: string, call: CallOptions): Promise<SourceSession> {
    return (await this.session(connectionId, 'source', call)) as SourceSession;
  }

  /** The session of a target. Throws `request.not-found`, and what connecting throws. */
  async target(connectionId: string, call: CallOptions): Promise<TargetSession> {
    return (await this.session(connectionId, 'target', call)) as TargetSession;
  }

  /** Ends every session of a connection, and with them what was opened through them. */
  async close(connectionId: string): Promise<void> {
    const held = this.held.get(connectionId);
    const all = [...(this.former.get(connectionId) ?? []), ...(held ? [held.session] : [])];
    this.held.delete(connectionId);
    this.former.delete(connectionId);
    await Promise.all(all.map((session) => this.dispose(connectionId, session)));
  }

  /**
   * Lets go of a session that its other side no longer accepts, so that the next call opens a new one. One that
   * answers is kept.
   */
  async renewIfBroken(connectionId: string, { signal }: CallOptions): Promise<void> {
    const held = this.held.get(connectionId);
    const session = await held?.session.catch(() => undefined);
    if (!held || !session) return;
    try {
      await firstAnswer(session, signal);
    } catch (error) {
      if (!isMigrationError(error) || !['auth.rejected', 'peer.unreachable'].includes(error.code)) return;
      if (this.held.get(connectionId) !== held) return;
      this.held.delete(connectionId);
      await this.setAside(connectionId, held.session);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.ending.abort();
    await Promise.all([...new Set([...this.held.keys(), ...this.former.keys()])].map((id) => this.close(id)));
  }

  private async session(id: string, kind: 'source' | 'target', call: CallOptions): Promise<Session> {
    const row = await this.database.getRepository(Connection).findOneBy({ id });
    if (row?.kind !== kind)
      throw new MigrationError('request.not-found', `There is no such ${kind} connection.`, {
        context: { connection: id.slice(0, 40) },
      });
    return waitFor(this.hold(row).session, call.signal);
  }

  private hold(row: Connection): Held {
    const { id } = row;
    const fingerprint = fingerprintOf(row);
    const known = this.held.get(id);
    if (known?.fingerprint === fingerprint) return known;
    // One connect serves everybody who waits for it: whoever goes away must not take it from the others.
    const session = this.connector.connect(row, id, this.ending.signal);
    const mine = { fingerprint, session };
    this.held.set(id, mine);
    session.catch(() => {
      if (this.held.get(id) === mine) this.held.delete(id);
    });
    if (known)
      session.then(
        () => this.setAside(id, known.session),
        () => this.keep(id, known.session),
      );
    return mine;
  }

  /** A target's session goes on for what was opened through it; a source's has been replaced on its VMA already. */
  private async setAside(id: string, session: Promise<Session>): Promise<void> {
    const open = await session.catch(() => undefined);
    if (open && 'inventory' in open) await this.dispose(id, session);
    else if (open) this.keep(id, session);
  }

  private keep(id: string, session: Promise<Session>): void {
    this.former.set(id, [...(this.former.get(id) ?? []), session]);
  }

  private async dispose(id: string, opening: Promise<Session>): Promise<void> {
    const session = await opening.catch(() => undefined);
    try {
      await session?.[Symbol.asyncDispose]();
    } catch (error) {
      this.logger.warn(`A session of ${id} did not end well: ${String(error)}`);
    }
  }
}

/** A new name or an edit that changes nothing is no reason to connect again. */
function fingerprintOf({ pluginId, vmaId, settings, secrets }: Connection): string {
  return createHash('sha256')
    .update(JSON.stringify([pluginId, vmaId, settings, secrets]))
    .digest('hex');
}

/** The cheapest question that needs the other side. */
async function firstAnswer(session: Session, signal: AbortSignal): Promise<void> {
  if ('inventory' in session) for await (const _vm of session.inventory.list({ signal })) return;
  else await session.networks.list({ signal });
}

/** The session, or `call.aborted` as soon as the caller has gone. */
async function waitFor(session: Promise<Session>, signal: AbortSignal): Promise<Session> {
  throwIfAborted(signal);
  let onAbort = (): void => undefined;
  const gone = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new MigrationError('call.aborted', 'The call was aborted.'));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([session, gone]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

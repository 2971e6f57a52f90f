import { createHmac, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { SessionKind } from '@ossea/api-contract';
import { DataSource, In, LessThan, type EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { Session, User } from './access.entities.js';
import { ACCESS_SETTINGS, type AccessSettings } from './access-settings.js';
import { hashOf, newSecret } from './secret-text.js';

/** A session is stored as used at most so often. */
const TOUCH_MS = 60_000;

export interface Visitor {
  readonly address: string;
  readonly userAgent: string;
}

export interface BegunSession {
  readonly session: Session;
  /** Told to its owner once. */
  readonly secret: string;
}

/** Who is signed in. A session ends after some hours whatever is done in it; one of a browser also when nothing is. */
@Injectable()
export class Sessions {
  constructor(
    private readonly database: DataSource,
    @Inject(ACCESS_SETTINGS) private readonly settings: AccessSettings,
  ) {}

  /** Begins one in the transaction of `manager`. Always a new secret: none that somebody planted before lives on. */
  async begin(
    manager: EntityManager,
    { id: userId }: User,
    kind: SessionKind,
    { address, userAgent }: Visitor,
  ): Promise<BegunSession> {
    const sessions = manager.getRepository(Session);
    await sessions.delete({ expiresAt: LessThan(new Date()) });
    const secret = newSecret('session');
    const now = new Date();
    const session = sessions.create({
      id: newId('ses'),
      userId,
      kind,
      hash: hashOf(secret),
      address: address.slice(0, 64),
      userAgent: userAgent.slice(0, 200),
      createdAt: now,
      authenticatedAt: now,
      lastUsedAt: now,
      expiresAt: new Date(now.getTime() + this.settings.sessionHours * 3_600_000),
    });
    await sessions.insert(session);
    return { session, secret };
  }

  /** The session of this secret with its user, where both still stand. */
  async find(secret: string): Promise<{ session: Session; user: User } | undefined> {
    const session = await this.database.getRepository(Session).findOneBy({ hash: hashOf(secret) });
    if (!session || !this.isAlive(session)) return undefined;
    const user = await this.database.getRepository(User).findOneBy({ id: session.userId, state: 'active' });
    if (!user) return undefined;
    await this.touch(session);
    return { session, user };
  }

  /** Those of the sessions that still let their users in. */
  async alive(ids: readonly string[]): Promise<string[]> {
    const rows = await this.database.getRepository(Session).findBy({ id: In([...ids]) });
    return rows.filter((row) => this.isAlive(row)).map(({ id }) => id);
  }

  async of(userId: string): Promise<Session[]> {
    const rows = await this.database
      .getRepository(Session)
      .find({ where: { userId }, order: { id: 'DESC' }, take: 200 });
    return rows.filter((row) => this.isAlive(row));
  }

  /** The password was given again. */
  async authenticated(manager: EntityManager, id: string): Promise<Date> {
    const now = new Date();
    await manager.getRepository(Session).update({ id }, { authenticatedAt: now, lastUsedAt: now });
    return now;
  }

  /** Ends the sessions of a user that the filter picks. @returns the ids of those that ended. */
  async end(manager: EntityManager, userId: string, which: (id: string) => boolean): Promise<string[]> {
    const sessions = manager.getRepository(Session);
    const ids = (await sessions.findBy({ userId })).map(({ id }) => id).filter(which);
    if (ids.length > 0) await sessions.delete({ id: In(ids) });
    return ids;
  }

  private isAlive({ kind, expiresAt, lastUsedAt }: Session): boolean {
    const now = Date.now();
    if (expiresAt.getTime() <= now) return false;
    return kind === 'bearer' || lastUsedAt.getTime() > now - this.settings.idleMinutes * 60_000;
  }

  private async touch({ id, lastUsedAt }: Session): Promise<void> {
    const now = new Date();
    if (now.getTime() - lastUsedAt.getTime() < TOUCH_MS) return;
    await this.database.getRepository(Session).update({ id }, { lastUsedAt: now });
  }
}

/** What a page of ours sends back with every change: other sites' pages can send the cookie, and cannot read this. */
export function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('csrf').digest('base64url');
}

export function isCsrfToken(given: unknown, secret: string): boolean {
  const wanted = Buffer.from(csrfTokenOf(secret));
  const got = Buffer.from(typeof given === 'string' ? given : '');
  return got.length === wanted.length && timingSafeEqual(got, wanted);
}

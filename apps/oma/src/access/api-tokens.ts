import { Injectable } from '@nestjs/common';
import type { Permission } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, In, LessThan, type EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { ApiToken, User } from './access.entities.js';
import { hashOf, newSecret } from './secret-text.js';

const MAX_PER_USER = 50;
const TOUCH_MS = 60_000;
const DAY_MS = 86_400_000;
/** Told as expired for so long, then forgotten. */
const KEEP_MS = 30 * DAY_MS;

export interface TokenWish {
  readonly name: string;
  readonly scopes: readonly Permission[];
  readonly days: number;
}

/** The tokens that programs come with. Only their hashes are stored. */
@Injectable()
export class ApiTokens {
  constructor(private readonly database: DataSource) {}

  /** Makes a token, in the transaction of `manager`. It is told here, and never again. Throws `request.conflict`. */
  async issue(
    manager: EntityManager,
    userId: string,
    { name, scopes, days }: TokenWish,
  ): Promise<{ readonly row: ApiToken; readonly token: string }> {
    const tokens = manager.getRepository(ApiToken);
    await tokens.delete({ userId, expiresAt: LessThan(new Date(Date.now() - KEEP_MS)) });
    if ((await tokens.countBy({ userId })) >= MAX_PER_USER)
      throw new MigrationError(
        'request.conflict',
        `A user has at most ${MAX_PER_USER} tokens: end one first.`,
      );
    const token = newSecret('token');
    const now = Date.now();
    const row = tokens.create({
      id: newId('tok'),
      userId,
      name,
      hash: hashOf(token),
      scopes: [...new Set(scopes)],
      createdAt: new Date(now),
      expiresAt: new Date(now + days * DAY_MS),
      lastUsedAt: null,
    });
    await tokens.insert(row);
    return { row, token };
  }

  /** The token of this secret with its owner, where both still stand. */
  async find(secret: string): Promise<{ token: ApiToken; user: User } | undefined> {
    const token = await this.database.getRepository(ApiToken).findOneBy({ hash: hashOf(secret) });
    if (!token || !isAlive(token)) return undefined;
    const user = await this.database.getRepository(User).findOneBy({ id: token.userId, state: 'active' });
    if (!user) return undefined;
    await this.touch(token);
    return { token, user };
  }

  /** Those of the tokens that still let their callers in. */
  async alive(ids: readonly string[]): Promise<string[]> {
    const rows = await this.database.getRepository(ApiToken).findBy({ id: In([...ids]) });
    return rows.filter(isAlive).map(({ id }) => id);
  }

  /** Of one user, or of all; the newest first. */
  list(userId?: string): Promise<ApiToken[]> {
    return this.database
      .getRepository(ApiToken)
      .find({ ...(userId === undefined ? {} : { where: { userId } }), order: { id: 'DESC' }, take: 1_000 });
  }

  /** Ends tokens of a user. @returns the ids of those that ended. */
  async end(manager: EntityManager, userId: string, which: (id: string) => boolean): Promise<string[]> {
    const tokens = manager.getRepository(ApiToken);
    const ids = (await tokens.findBy({ userId })).map(({ id }) => id).filter(which);
    if (ids.length > 0) await tokens.delete({ id: In(ids) });
    return ids;
  }

  private async touch({ id, lastUsedAt }: ApiToken): Promise<void> {
    const now = new Date();
    if (lastUsedAt && now.getTime() - lastUsedAt.getTime() < TOUCH_MS) return;
    await this.database.getRepository(ApiToken).update({ id }, { lastUsedAt: now });
  }
}

function isAlive({ expiresAt }: ApiToken): boolean {
  return expiresAt === null || expiresAt.getTime() > Date.now();
}

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { IssuedToken } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, In, LessThan, type EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { ApiToken } from './api-token.entity.js';

const TOKEN = /^ossea_[\w-]{43}$/;

export interface Bearer {
  readonly tokenId: string;
  readonly name: string;
}

/** The tokens that let callers in. Only their hashes are stored. */
@Injectable()
export class ApiTokens {
  constructor(private readonly database: DataSource) {}

  /** Makes a token, in the transaction of `manager`. It is told here, and never again. */
  async issue(manager: EntityManager, name: string, expiresAt?: Date): Promise<IssuedToken> {
    const token = `ossea_${randomBytes(32).toString('base64url')}`;
    const tokens = manager.getRepository(ApiToken);
    // sessions end by themselves; their rows go when the next one begins
    await tokens.delete({ expiresAt: LessThan(new Date()) });
    await tokens.insert({
      id: newId('tok'),
      name,
      hash: hashOf(token),
      createdAt: new Date(),
      expiresAt: expiresAt ?? null,
    });
    return { token, name, ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}) };
  }

  /** Whose token this is. Throws `access.unauthenticated`. */
  async bearerOf(token: unknown): Promise<Bearer> {
    const row = typeof token === 'string' && TOKEN.test(token) ? await this.find(hashOf(token)) : undefined;
    if (!row) throw new MigrationError('access.unauthenticated', 'This needs a valid API token.');
    return { tokenId: row.id, name: row.name };
  }

  /** Those of the tokens that still let their callers in. */
  async valid(tokenIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.database.getRepository(ApiToken).findBy({ id: In([...tokenIds]) });
    return new Set(rows.filter(isAlive).map(({ id }) => id));
  }

  private async find(hash: string): Promise<ApiToken | undefined> {
    const row = await this.database.getRepository(ApiToken).findOneBy({ hash });
    // a hash tells nothing of the token by the time its look-up takes; the comparison is exact on every engine
    const isIt = row !== null && timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash));
    return isIt && isAlive(row) ? row : undefined;
  }
}

function isAlive({ expiresAt }: ApiToken): boolean {
  return expiresAt === null || expiresAt.getTime() > Date.now();
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

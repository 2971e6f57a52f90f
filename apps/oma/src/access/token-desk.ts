import { Injectable } from '@nestjs/common';
import {
  scopesOf,
  type ApiToken as TokenView,
  type CreateApiToken,
  type IssuedToken,
} from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, In } from 'typeorm';
import { AuditedWork } from '../audit/audited-work.js';
import { mustBeAllowed, type Access } from './access.js';
import { AccessEndings } from './access-endings.js';
import { tokenView } from './access-views.js';
import { User } from './access.entities.js';
import { ApiTokens } from './api-tokens.js';

/** Who gets which token. */
@Injectable()
export class TokenDesk {
  constructor(
    private readonly database: DataSource,
    private readonly work: AuditedWork,
    private readonly tokens: ApiTokens,
    private readonly endings: AccessEndings,
  ) {}

  /** Of one user, or of all. */
  async list(userId?: string): Promise<TokenView[]> {
    const rows = await this.tokens.list(userId);
    const owners = await this.database
      .getRepository(User)
      .findBy({ id: In([...new Set(rows.map((row) => row.userId))]) });
    const names = new Map(owners.map(({ id, name }) => [id, name]));
    return rows.map((row) => tokenView(row, names.get(row.userId) ?? ''));
  }

  /**
   * Gives a token to its maker, or, from an administrator, to a program.
   * Throws `access.forbidden` for a scope that the maker or the owner may not use, and `access.password-needed` for one
   * that needs the password: the token will not be asked for it.
   */
  async issue(
    { name, scopes, days, userId }: CreateApiToken,
    access: Access,
    recentMinutes: number,
  ): Promise<IssuedToken> {
    const isForAnother = userId !== undefined && userId !== access.userId;
    if (isForAnother) mustBeAllowed(access, 'users.manage', recentMinutes);
    for (const scope of scopes) mustBeAllowed(access, scope, recentMinutes);
    return this.work.run(
      async (manager) => {
        const owner = await manager.getRepository(User).findOneBy({ id: userId ?? access.userId });
        if (!owner) throw new MigrationError('request.not-found', 'There is no such user.');
        if (isForAnother && owner.role !== 'service')
          throw new MigrationError(
            'access.forbidden',
            'People make their own tokens; only programs are given one.',
          );
        const may = new Set(scopesOf(owner.role));
        const beyond = scopes.filter((scope) => !may.has(scope));
        if (beyond.length > 0)
          throw new MigrationError('access.forbidden', `No token of this owner may: ${beyond.join(', ')}.`);
        const { row, token } = await this.tokens.issue(manager, owner.id, { name, scopes, days });
        return { ...tokenView(row, owner.name), token };
      },
      ({ id, owner, expiresAt }) => ({
        action: 'api-token.create',
        subject: { type: 'api-token', id },
        detail: { name, scopes, owner, expiresAt },
      }),
    );
  }

  /** Ends a token; one that has ended already is no error. @param userId its owner; anybody's unless told. */
  async end(tokenId: string, userId?: string): Promise<void> {
    const row = (await this.tokens.list(userId)).find(({ id }) => id === tokenId);
    if (!row) return;
    const ended = await this.work.run(
      (manager) => this.tokens.end(manager, row.userId, (id) => id === tokenId),
      () => ({
        action: 'api-token.end',
        subject: { type: 'api-token', id: tokenId },
        detail: { name: row.name, owner: row.userId },
      }),
    );
    this.endings.tell(ended);
  }
}

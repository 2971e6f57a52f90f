import type { IncomingHttpHeaders } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { permissionsOf, scopesOf } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import type { Access } from './access.js';
import { ACCESS_SETTINGS, type AccessSettings } from './access-settings.js';
import { ApiTokens } from './api-tokens.js';
import { kindOfSecret } from './secret-text.js';
import { sessionIn } from './session-cookie.js';
import { Sessions } from './sessions.js';

/** Finds out who calls. */
@Injectable()
export class Callers {
  constructor(
    private readonly sessions: Sessions,
    private readonly tokens: ApiTokens,
    @Inject(ACCESS_SETTINGS) private readonly settings: AccessSettings,
  ) {}

  /**
   * Who comes with these headers. A token counts before a cookie: a program that sends one means it.
   * Throws `access.unauthenticated`.
   */
  async of({ authorization, cookie }: IncomingHttpHeaders): Promise<Access> {
    if (authorization !== undefined) {
      const [, secret] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
      return this.bearer(secret);
    }
    const secret = sessionIn(cookie, this.settings.overTls);
    const access = secret === undefined ? undefined : await this.ofSession(secret);
    if (access?.kind !== 'cookie' || secret === undefined) throw nobody();
    return { ...access, cookieSecret: secret };
  }

  /** Who comes with this token, or with this session of a program. Throws `access.unauthenticated`. */
  async bearer(secret: unknown): Promise<Access> {
    const kind = kindOfSecret(secret);
    const text = String(secret);
    const access =
      kind === 'token'
        ? await this.ofToken(text)
        : kind === 'session'
          ? await this.ofSession(text)
          : undefined;
    // a browser's secret in a header did not come from a browser
    if (!access || access.kind === 'cookie') throw nobody();
    return access;
  }

  /** Those of the sessions and tokens that still let their callers in. */
  async alive(accessIds: readonly string[]): Promise<ReadonlySet<string>> {
    const [sessions, tokens] = await Promise.all([
      this.sessions.alive(accessIds.filter((id) => id.startsWith('ses_'))),
      this.tokens.alive(accessIds.filter((id) => id.startsWith('tok_'))),
    ]);
    return new Set([...sessions, ...tokens]);
  }

  private async ofSession(secret: string): Promise<Access | undefined> {
    if (kindOfSecret(secret) !== 'session') return undefined;
    const found = await this.sessions.find(secret);
    if (!found) return undefined;
    const { session, user } = found;
    return {
      kind: session.kind,
      accessId: session.id,
      userId: user.id,
      userName: user.name,
      name: user.name,
      role: user.role,
      permissions: new Set(permissionsOf(user.role)),
      authenticatedAt: session.authenticatedAt,
      expiresAt: session.expiresAt,
    };
  }

  private async ofToken(secret: string): Promise<Access | undefined> {
    const found = await this.tokens.find(secret);
    if (!found) return undefined;
    const { token, user } = found;
    const may = new Set(scopesOf(user.role));
    return {
      kind: 'token',
      accessId: token.id,
      userId: user.id,
      userName: user.name,
      name: `${user.name}/${token.name}`.slice(0, 100),
      role: user.role,
      // an owner who may less than before takes it from the token, too
      permissions: new Set(['self.use', ...token.scopes.filter((scope) => may.has(scope))] as const),
      ...(token.expiresAt ? { expiresAt: token.expiresAt } : {}),
    };
  }
}

function nobody(): MigrationError {
  return new MigrationError('access.unauthenticated', 'This needs a session or a valid API token.');
}

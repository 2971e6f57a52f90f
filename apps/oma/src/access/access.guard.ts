import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Permission } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import type { Request } from 'express';
import { requestContext } from '../http/request-context.js';
import { mustBeAllowed, rememberAccess } from './access.js';
import { ACCESS_SETTINGS, type AccessSettings } from './access-settings.js';
import { Callers } from './callers.js';
import { NEEDS } from './needs.js';
import { OPEN } from './open.js';
import { isCsrfToken } from './sessions.js';

const CSRF_HEADER = 'x-ossea-csrf';
const HARMLESS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Nobody gets in but where a route says what it needs, and the caller has it. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly callers: Callers,
    @Inject(ACCESS_SETTINGS) private readonly settings: AccessSettings,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // sockets show who they are when they connect, and each of their messages passes the gateway's own table
    if (context.getType() !== 'http') return true;
    const handler = context.getHandler();
    if (this.reflector.get<boolean | undefined>(OPEN, handler) === true) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const access = await this.callers.of(request.headers);
    const { userId: id, name, kind, cookieSecret } = access;
    const known = requestContext(request);
    known.actor = { kind: kind === 'token' ? 'token' : 'session', name, id };
    known.accessId = access.accessId;
    rememberAccess(request, access);
    if (cookieSecret !== undefined) mustBeOurPage(request, cookieSecret);
    const permission = this.reflector.get<Permission | undefined>(NEEDS, handler);
    if (permission === undefined)
      throw new MigrationError('access.forbidden', 'This route says nothing of who may use it.');
    mustBeAllowed(access, permission, this.settings.recentMinutes);
    return true;
  }
}

/**
 * A browser sends the cookie whoever's page asks. So what changes something carries what only our page can know, and
 * where the browser says where the page came from, that must be here.
 */
function mustBeOurPage({ method, headers }: Request, secret: string): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new MigrationError('access.csrf', 'The request comes from a page of another site.');
  if (HARMLESS.has(method)) return;
  if (headers.origin !== undefined && hostOf(headers.origin) !== headers.host)
    throw new MigrationError('access.csrf', 'The request comes from a page of another site.');
  if (!isCsrfToken(headers[CSRF_HEADER], secret))
    throw new MigrationError('access.csrf', 'The request does not carry the CSRF token of its session.');
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

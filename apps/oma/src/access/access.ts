import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ruleOf, type Permission, type Role } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import type { Request } from 'express';

/** Somebody who may come in, and what for. */
export interface Access {
  readonly kind: 'cookie' | 'bearer' | 'token';
  /** Of the session, or of the token. */
  readonly accessId: string;
  readonly userId: string;
  /** Of the user. */
  readonly userName: string;
  /** For people: the user, and the token where it is one. */
  readonly name: string;
  readonly role: Role;
  readonly permissions: ReadonlySet<Permission>;
  /** When the password was given last; never with a token. */
  readonly authenticatedAt?: Date;
  readonly expiresAt?: Date;
  /** Of a browser's session: what its CSRF token is made of. */
  readonly cookieSecret?: string;
}

const found = new WeakMap<object, Access>();

export function rememberAccess(request: object, access: Access): void {
  found.set(request, access);
}

/** Throws `access.unauthenticated` on a route that is open to everybody. */
export function accessOf(request: object): Access {
  const access = found.get(request);
  if (!access) throw new MigrationError('access.unauthenticated', 'Nobody is signed in.');
  return access;
}

/** Parameter of a controller's method: `@Accessing() access: Access`. */
export const Accessing = createParamDecorator((_data: unknown, context: ExecutionContext): Access =>
  accessOf(context.switchToHttp().getRequest<Request>()),
);

/**
 * Throws `access.forbidden` unless it may do this, and `access.password-needed` where the password was not given lately.
 * A token has no password: what it may do was decided when it was given this very scope.
 */
export function mustBeAllowed(
  access: Pick<Access, 'permissions' | 'authenticatedAt' | 'kind'>,
  permission: Permission,
  recentMinutes: number,
): void {
  const { recent, label } = ruleOf(permission);
  if (!access.permissions.has(permission))
    throw new MigrationError('access.forbidden', `You may not: ${label}.`, { context: { permission } });
  if (recent !== true || access.kind === 'token') return;
  const sinceMs = Date.now() - (access.authenticatedAt?.getTime() ?? 0);
  if (sinceMs <= recentMinutes * 60_000) return;
  throw new MigrationError('access.password-needed', `"${label}" needs your password again.`, {
    context: { permission, recentMinutes },
  });
}

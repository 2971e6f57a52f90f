import type { ApiToken as TokenView, CurrentAccess, Session as SessionView } from '@ossea/api-contract';
import { permissionsOf } from '@ossea/api-contract';
import type { Access } from './access.js';
import type { ApiToken, Session } from './access.entities.js';
import { csrfTokenOf } from './sessions.js';
import type { Entered } from './sign-ins.js';

/** Who calls, as the API shows it. */
export function currentAccessView(access: Access): CurrentAccess {
  return {
    kind: access.kind,
    userId: access.userId,
    name: access.name,
    role: access.role,
    permissions: [...access.permissions],
    ...(access.authenticatedAt ? { authenticatedAt: access.authenticatedAt.toISOString() } : {}),
    ...(access.expiresAt ? { expiresAt: access.expiresAt.toISOString() } : {}),
    ...(access.cookieSecret === undefined ? {} : { csrfToken: csrfTokenOf(access.cookieSecret) }),
  };
}

/** The same for somebody who has just come in. */
export function enteredView({ session, user, secret }: Entered): CurrentAccess {
  return {
    kind: session.kind,
    userId: user.id,
    name: user.name,
    role: user.role,
    permissions: permissionsOf(user.role),
    authenticatedAt: session.authenticatedAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    ...(session.kind === 'cookie' ? { csrfToken: csrfTokenOf(secret) } : {}),
  };
}

export function sessionView(row: Session, currentId: string): SessionView {
  return {
    id: row.id,
    kind: row.kind,
    current: row.id === currentId,
    address: row.address,
    userAgent: row.userAgent,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
  };
}

export function tokenView(row: ApiToken, owner: string): TokenView {
  return {
    id: row.id,
    userId: row.userId,
    owner,
    name: row.name,
    scopes: row.scopes,
    createdAt: row.createdAt.toISOString(),
    ...(row.expiresAt ? { expiresAt: row.expiresAt.toISOString() } : {}),
    ...(row.lastUsedAt ? { lastUsedAt: row.lastUsedAt.toISOString() } : {}),
  };
}

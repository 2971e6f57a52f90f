import { parse, serialize } from 'cookie';

/**
 * `__Host-` makes browsers insist on TLS, this host and the whole path (RFC 6265bis, section 4.1.3.2); plain HTTP on
 * the loopback cannot have it.
 */
function cookieName(overTls: boolean): string {
  return overTls ? '__Host-ossea' : 'ossea';
}

/** The secret in a Cookie header, if there is one. */
export function sessionIn(header: string | undefined, overTls: boolean): string | undefined {
  return header === undefined || header.length > 8_192 ? undefined : parse(header)[cookieName(overTls)];
}

/** The Set-Cookie header that gives a browser its session, or takes it away when there is none. */
export function sessionCookie(secret: string | undefined, expiresAt: Date, overTls: boolean): string {
  return serialize(cookieName(overTls), secret ?? '', {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: overTls,
    expires: secret === undefined ? new Date(0) : expiresAt,
  });
}

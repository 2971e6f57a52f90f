import { createHash, randomBytes } from 'node:crypto';

/** What callers come with. The prefix tells scanners of repositories and logs what they have found. */
export type SecretKind = 'token' | 'session';
const PREFIX: Readonly<Record<SecretKind, string>> = { token: 'ossea_', session: 'osseas_' };

/** 256 random bits. */
export function newSecret(kind: SecretKind): string {
  return PREFIX[kind] + randomBytes(32).toString('base64url');
}

/** What a text claims to be; `undefined` for anything that we never gave out. */
export function kindOfSecret(text: unknown): SecretKind | undefined {
  if (typeof text !== 'string' || text.length > 64) return undefined;
  const [, prefix] = /^(osseas?_)[\w-]{43}$/.exec(text) ?? [];
  if (prefix === PREFIX.token) return 'token';
  return prefix === PREFIX.session ? 'session' : undefined;
}

/** As it is stored: of 256 random bits nothing slower is needed. A look-up by it tells nothing of the secret by its time. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

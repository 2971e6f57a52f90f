import { scopesOf, type IssuedToken, type SignedIn } from '@ossea/api-contract';

/** Asks one route below `/api/v1`, with this token. */
type Ask = <T>(path: string, body: object, token: string) => Promise<T>;

/** Sets an appliance up, and gives a program's own token with every scope: it is never asked for a password. */
export async function firstToken(ask: Ask, code: string, password: string): Promise<string> {
  const session = await ask<SignedIn>('access/set-up', { code, password }, '');
  const scopes = scopesOf('administrator');
  const { token } = await ask<IssuedToken>('access/tokens', { name: 'tests', scopes }, session.token ?? '');
  return token;
}

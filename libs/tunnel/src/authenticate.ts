import ssh2, { type AuthContext } from 'ssh2';
import { ENROL_USER, TUNNEL_USER } from './algorithms.js';
import { formatPublicKey, normalisePublicKey } from './keys.js';
import { isExpired, type TunnelIdentity, type TunnelServerOptions } from './server-options.js';

/** Who a connection has proven to be. */
export type Principal =
  | { readonly kind: 'vma'; readonly identity: TunnelIdentity }
  | { readonly kind: 'enrolling'; readonly publicKey: string };

/**
 * Decides about one authentication request (RFC 4252, section 7): a public key without a signature is a question whether
 * it would do, with one it is the proof. Anything but a usable Ed25519 key is refused.
 * @returns the principal once it is proven, `'would-do'` for a question, `undefined` to refuse.
 */
export async function authenticate(
  context: AuthContext,
  options: Pick<TunnelServerOptions, 'identify' | 'enrol'>,
): Promise<Principal | 'would-do' | undefined> {
  if (context.method !== 'publickey' || context.key.algo !== 'ssh-ed25519') return undefined;
  const publicKey = usable(context.key.data);
  if (publicKey === undefined) return undefined;
  if (context.signature) {
    const key = ssh2.utils.parseKey(publicKey);
    if (key instanceof Error || !context.blob) return undefined;
    if (key.verify(context.blob, context.signature) !== true) return undefined;
  }
  const principal = await principalOf(context.username, publicKey, options);
  return principal && !context.signature ? 'would-do' : principal;
}

async function principalOf(
  username: string,
  publicKey: string,
  options: Pick<TunnelServerOptions, 'identify' | 'enrol'>,
): Promise<Principal | undefined> {
  if (username === ENROL_USER) return options.enrol ? { kind: 'enrolling', publicKey } : undefined;
  if (username !== TUNNEL_USER) return undefined;
  const identity = await options.identify(publicKey);
  return identity && !isExpired(identity) ? { kind: 'vma', identity } : undefined;
}

function usable(blob: Buffer): string | undefined {
  try {
    return normalisePublicKey(formatPublicKey(blob));
  } catch {
    return undefined;
  }
}

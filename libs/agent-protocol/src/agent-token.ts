import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { z } from '@ossea/plugin-sdk';

/** A token lives just long enough for one call and a little difference of the clocks. */
export const AGENT_TOKEN_SECONDS = 60;
const CLOCK_SKEW_SECONDS = 30;

const HEADER = base64url(JSON.stringify({ alg: 'EdDSA', typ: 'JWT' }));
const Claims = z.object({ aud: z.string(), iat: z.int(), exp: z.int(), jti: z.string() });

export interface AgentKeyPair {
  /** PKCS#8 PEM; stays on the OMA. */
  readonly privateKey: string;
  /** SPKI PEM; the VMA gets it with its approval. */
  readonly publicKey: string;
}

/** A new Ed25519 key pair with which the OMA proves itself to VMAs. */
export function generateAgentKeyPair(): AgentKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** The public half of an agent key, as PEM. */
export function agentPublicKeyOf(privateKey: string): string {
  return createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }).toString();
}

/**
 * A short-lived token for calls to one VMA (RFC 7519 with EdDSA, RFC 8037).
 * @param vmaId the only VMA that accepts it.
 */
export function signAgentToken(privateKey: string, vmaId: string, nowMs = Date.now()): string {
  const iat = Math.floor(nowMs / 1000);
  const claims = { aud: vmaId, iat, exp: iat + AGENT_TOKEN_SECONDS, jti: randomUUID() };
  const signed = `${HEADER}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

/** Whether a token was signed by the OMA for this VMA and is valid now. Never throws. */
export function verifyAgentToken(
  token: string,
  publicKey: string,
  vmaId: string,
  nowMs = Date.now(),
): boolean {
  const [header, payload, signature, ...rest] = token.split('.');
  if (header !== HEADER || !payload || !signature || rest.length > 0) return false;
  try {
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify(null, signed, publicKey, Buffer.from(signature, 'base64url'))) return false;
    const claims = Claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    const now = Math.floor(nowMs / 1000);
    return (
      claims.aud === vmaId &&
      claims.exp > now - CLOCK_SKEW_SECONDS &&
      claims.iat < now + CLOCK_SKEW_SECONDS &&
      claims.exp - claims.iat <= AGENT_TOKEN_SECONDS
    );
  } catch {
    return false;
  }
}

function base64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

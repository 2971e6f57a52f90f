import ssh2 from 'ssh2';

/**
 * How an agent proves to the tunnel server that it is the agent of a VMA: a signature by the VMA's tunnel key. A loopback
 * port alone proves nothing, because while the tunnel is down any local process can listen there. `@ossea/agent-protocol`
 * describes the same request for the VMA's API.
 */
export const AGENT_PROOF_PATH = '/api/v1/proof';

const text = (vmaId: string, nonce: string): Buffer => Buffer.from(`ossea-agent-proof-v1|${vmaId}|${nonce}`);

/**
 * The VMA's side.
 * @param privateKey the VMA's tunnel key, OpenSSH PEM.
 * @param nonce as it was asked.
 * @returns the Ed25519 signature (64 bytes), base64url. Throws when the key is none.
 */
export function signAgentProof(privateKey: string, vmaId: string, nonce: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return key.sign(text(vmaId, nonce)).toString('base64url');
}

/** Whether the holder of this key has signed this nonce for this VMA. Never throws. */
export function verifyAgentProof(
  publicKey: string,
  vmaId: string,
  nonce: string,
  signature: string,
): boolean {
  const key = ssh2.utils.parseKey(publicKey);
  if (key instanceof Error) return false;
  const bytes = Buffer.from(signature, 'base64url');
  return bytes.length === 64 && key.verify(text(vmaId, nonce), bytes) === true;
}

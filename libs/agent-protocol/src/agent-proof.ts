import { z } from '@ossea/plugin-sdk';

/*
 * How an agent proves which VMA's it is, to a tunnel server that only knows a loopback port: it signs a nonce with the
 * key of its tunnel. The text that is signed and the check are `@ossea/tunnel`'s, which knows keys in SSH's form.
 */

/** Open like health: what it says is worth nothing without the public key, which only the OMA looks at. */
export const AGENT_PROOF_PATH = '/api/v1/proof';

/** At least 128 bits; short, and without a character that would mean something in the signed text. */
export const AgentProofQuery = z.strictObject({
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22,64}$/, '22 to 64 characters of base64url'),
});

export const AgentProof = z.object({
  /** Ed25519, 64 bytes, base64url. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});
export type AgentProof = z.infer<typeof AgentProof>;

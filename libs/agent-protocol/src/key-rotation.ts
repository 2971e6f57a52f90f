import { z } from '@ossea/plugin-sdk';

/*
 * How a VMA gets another key while it is trusted. Asked for one, it makes the pair, keeps the old one, and answers the
 * public half with a signature by the key it is known by. Once the OMA lets both in, it tells the VMA to use the new one.
 * The text that is signed and the check are `@ossea/tunnel`'s, which knows keys in SSH's form.
 */

const PublicKey = z.string().regex(/^ssh-ed25519 [A-Za-z0-9+/]{68}$/, 'ssh-ed25519 …');

/** The same one as long as it was not used: asking twice is asking once. */
export const OfferedKey = z.object({
  publicKey: PublicKey,
  /** Ed25519, 64 bytes, base64url. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});
export type OfferedKey = z.infer<typeof OfferedKey>;

/** The key that is let in from now on. */
export const UseKey = z.strictObject({ publicKey: PublicKey });
export type UseKey = z.infer<typeof UseKey>;

import { z } from '@ossea/plugin-sdk';

/**
 * The host key that the OMA will have next. The VMA keeps it beside the present one and accepts either, until it has
 * connected to the next one; its answer is the acknowledgement.
 */
export const NextHostKey = z.strictObject({
  fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'SHA256:…'),
});
export type NextHostKey = z.infer<typeof NextHostKey>;

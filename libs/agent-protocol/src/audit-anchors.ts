import { z } from '@ossea/plugin-sdk';

/** A signed head of the OMA's audit log, which the VMA keeps where nobody of the OMA can change it. */
export const KeepAnchor = z.strictObject({
  seq: z.int().nonnegative(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.iso.datetime({ precision: 3 }),
  applianceId: z.string().max(64),
  signature: z.string().max(128),
});
export type KeepAnchor = z.infer<typeof KeepAnchor>;

export const KeptAnchor = z.object({ seq: z.int().nonnegative() });
export type KeptAnchor = z.infer<typeof KeptAnchor>;

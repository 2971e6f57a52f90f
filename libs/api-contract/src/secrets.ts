import { z } from 'zod';

/** The keys that seal stored secrets. Their ids tell nothing of them. */
export const SecretKeys = z
  .object({
    /** `credential`: systemd hands the key to the appliance, and only the operator changes it. */
    source: z.enum(['file', 'credential']),
    items: z.array(
      z.object({
        id: z.string(),
        /** Whether it seals what is stored from now on. */
        current: z.boolean(),
        /** Whether the appliance has it; what another key sealed must be entered again. */
        present: z.boolean(),
        secrets: z.int().nonnegative(),
      }),
    ),
  })
  .meta({ id: 'SecretKeys' });
export type SecretKeys = z.infer<typeof SecretKeys>;

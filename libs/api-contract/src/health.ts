import { z } from 'zod';

/** Open to everyone, so it says nothing else. */
export const Health = z.object({ status: z.enum(['ok', 'degraded']) }).meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;

export const HealthPart = z.object({
  status: z.enum(['ok', 'degraded', 'down', 'absent']),
  detail: z.string().optional(),
});
export type HealthPart = z.infer<typeof HealthPart>;

export const HealthDetail = z
  .object({
    status: z.enum(['ok', 'degraded']),
    version: z.string(),
    parts: z.record(z.string(), HealthPart),
  })
  .meta({ id: 'HealthDetail' });
export type HealthDetail = z.infer<typeof HealthDetail>;

import { MigrationError } from '@ossea/errors';
import { z } from '@ossea/plugin-sdk';

const tokenSchema = z.strictObject({
  v: z.literal(1),
  vm: z.string(),
  disk: z.string(),
  /** Of the snapshot: the bitmap of this stamp has recorded everything since. */
  stamp: z.string().regex(/^[0-9a-z]{10}$/),
});
export type ChangeTokenContent = z.infer<typeof tokenSchema>;

export const formatToken = (content: Omit<ChangeTokenContent, 'v'>): string =>
  JSON.stringify({ v: 1, ...content });

/** Throws `tracking.reset` for anything but a token of this very disk. */
export function parseToken(token: string, vm: string, disk: string): ChangeTokenContent {
  let json: unknown;
  try {
    json = JSON.parse(token);
  } catch {
    throw reset('The change token was never issued.');
  }
  const parsed = tokenSchema.safeParse(json);
  if (!parsed.success) throw reset('The change token was never issued.');
  if (parsed.data.vm !== vm || parsed.data.disk !== disk)
    throw reset('The change token is one of another disk.');
  return parsed.data;
}

export function reset(why: string): MigrationError {
  return new MigrationError('tracking.reset', why);
}

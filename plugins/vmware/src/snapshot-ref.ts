import { MigrationError } from '@ossea/errors';
import { z } from '@ossea/plugin-sdk';

const refSchema = z.strictObject({ vm: z.string().min(1), snapshot: z.string().min(1) });
/** Managed-object ids: those of a vCenter mean nothing on its hosts, so a snapshot stays with its endpoint. */
export type SnapshotId = z.infer<typeof refSchema>;

export const formatRef = ({ vm, snapshot }: SnapshotId): string => JSON.stringify({ vm, snapshot });

/** `undefined` for what was never a reference of ours. */
export function parseRef(ref: string): SnapshotId | undefined {
  try {
    const parsed = refSchema.safeParse(JSON.parse(ref));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export function noSnapshot(): MigrationError {
  return new MigrationError('resource.not-found', 'There is no such snapshot.');
}

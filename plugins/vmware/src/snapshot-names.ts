import { z } from '@ossea/plugin-sdk';

/** Snapshots that people see in vSphere under this name are ours, and only those. */
const PREFIX = 'ossea-replication-';
const KEY = /^[a-z0-9-]{1,64}$/;

const noteSchema = z.strictObject({
  product: z.literal('ossea'),
  key: z.string().regex(KEY),
  /** The connection at its appliance that took it. */
  owner: z.string().min(1).max(64),
  /** Whether the guest had flushed. */
  quiesced: z.boolean(),
  /** Why it had not, where it was asked to. */
  because: z.string().max(400).optional(),
});
export type SnapshotNote = Omit<z.infer<typeof noteSchema>, 'product'>;

/** vSphere cuts names at 80 characters; keys have 64 at most. */
export const snapshotName = (key: string): string => `${PREFIX}${key}`.slice(0, 80);

/** What stands in the snapshot's description: for people a sentence, for us the rest of the line. */
export function snapshotDescription({ because, ...note }: SnapshotNote): string {
  const json = JSON.stringify({
    product: 'ossea',
    ...note,
    ...(because ? { because: because.slice(0, 400) } : {}),
  });
  return `A replication is reading this snapshot and removes it by itself. ${json}`;
}

/**
 * What we wrote on a snapshot, or `undefined` for one that is not ours. Name and description must both say so:
 * somebody may have copied one of them, and a foreign snapshot is never touched.
 */
export function ourNote(name: string, description: string | undefined): SnapshotNote | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const at = description?.indexOf('{') ?? -1;
  if (description === undefined || at < 0) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(description.slice(at));
  } catch {
    return undefined;
  }
  const parsed = noteSchema.safeParse(json);
  if (!parsed.success || snapshotName(parsed.data.key) !== name) return undefined;
  return noteOf(parsed.data);
}

function noteOf({ product: _, ...note }: z.infer<typeof noteSchema>): SnapshotNote {
  return note;
}

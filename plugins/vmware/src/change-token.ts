import { MigrationError } from '@ossea/errors';
import { z } from '@ossea/plugin-sdk';

/**
 * `52 2d 7b 8f ac 61 51 cc-77 4c 7b ec 91 50 bb 7b/1`: the epoch of the disk's tracking, and a sequence within it.
 * A new epoch has forgotten what changed before it.
 */
const CHANGE_ID = /^([^/]+)\/(\d+)$/;

const tokenSchema = z.strictObject({
  v: z.literal(1),
  vm: z.string().min(1),
  /** `config.instanceUuid`: a managed-object id may be given to another machine when a vCenter is rebuilt. */
  instance: z.string(),
  disk: z.string().min(1),
  backing: z.string(),
  sizeBytes: z.int().positive(),
  /** Empty where nothing tracked the disk when the snapshot was taken. */
  changeId: z.union([z.literal(''), z.string().regex(CHANGE_ID)]),
});
export type ChangeTokenContent = z.infer<typeof tokenSchema>;
export type TrackedDisk = Omit<ChangeTokenContent, 'v'>;

export const formatToken = (disk: TrackedDisk): string => JSON.stringify({ v: 1, ...disk });

/** The epoch of a change id, the part before its slash. */
export const epochOf = (changeId: string): string | undefined => CHANGE_ID.exec(changeId)?.[1];

/**
 * The change id of a token, if it counts for the disk as it is in a snapshot now.
 * Throws `tracking.reset`, with the reason for people, for anything but a token of this very disk in this very epoch:
 * a wrong "incremental" would lose data.
 */
export function changeIdSince(token: string, now: TrackedDisk): string {
  const { changeId, ...then } = parsed(token);
  if (then.vm !== now.vm || then.instance !== now.instance || then.disk !== now.disk)
    throw reset('The change token is one of another disk.');
  if (then.backing !== now.backing) throw reset('The disk was replaced since.');
  if (then.sizeBytes !== now.sizeBytes)
    throw reset(`The disk had ${then.sizeBytes} bytes then and has ${now.sizeBytes} now.`);
  if (changeId === '') throw reset('Nothing tracked the changes of the disk at that time.');
  if (now.changeId === '') throw reset('Nothing tracks the changes of the disk any more.');
  const [old, current] = [epochOf(changeId), epochOf(now.changeId)];
  if (old !== current)
    throw reset(
      `Change tracking of the disk began anew since: its epoch was ${old} and is ${current}. A reset follows a power failure, a restore, or tracking that was switched off and on.`,
    );
  return changeId;
}

function parsed(token: string): ChangeTokenContent {
  let json: unknown;
  try {
    json = JSON.parse(token);
  } catch {
    throw reset('The change token was never issued.');
  }
  const result = tokenSchema.safeParse(json);
  if (!result.success) throw reset('The change token was never issued.');
  return result.data;
}

export function reset(why: string): MigrationError {
  return new MigrationError('tracking.reset', why);
}

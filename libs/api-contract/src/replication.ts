import { z } from 'zod';
import { pageOf } from './page.js';
import { Bytes, Id, Timestamp } from './values.js';

export const CycleKind = z.enum(['full', 'incremental']);

export const RecoveryPoint = z
  .object({
    id: Id,
    contextId: Id,
    sequence: z.int(),
    kind: CycleKind,
    sealedAt: Timestamp,
    /** `folded`: all of it is in the volumes. */
    state: z.enum(['sealed', 'folding', 'folded']),
    bytesMoved: Bytes,
    bytesChanged: Bytes,
    durationMs: z.int().nonnegative().optional(),
    disks: z.array(
      z.object({
        diskKey: z.string(),
        bytesMoved: Bytes,
        bytesChanged: Bytes,
        kind: CycleKind,
        reason: z.string(),
        /** The source's own words about it. */
        because: z.string().optional(),
      }),
    ),
    /** Whether the guest had flushed, or the point is what a power failure would have left, and why. */
    consistency: z
      .object({ level: z.enum(['guest-flushed', 'crash']), because: z.string().optional() })
      .optional(),
    verified: z.object({ at: Timestamp, bytesChecked: Bytes }).optional(),
  })
  .meta({ id: 'RecoveryPoint' });
export type RecoveryPoint = z.infer<typeof RecoveryPoint>;

export const RecoveryPointPage = pageOf(RecoveryPoint, 'RecoveryPointPage');
export type RecoveryPointPage = z.infer<typeof RecoveryPointPage>;

/** Measured bytes of a running cycle; never estimated. */
export const CycleProgress = z
  .object({
    contextId: Id,
    jobId: Id,
    kind: CycleKind.optional(),
    bytesDone: Bytes,
    bytesTotal: Bytes,
    bytesMoved: Bytes.optional(),
    bytesPerSecond: z.number().nonnegative(),
    disks: z.array(z.object({ disk: z.string(), bytesDone: Bytes, bytesTotal: Bytes })),
  })
  .meta({ id: 'CycleProgress' });
export type CycleProgress = z.infer<typeof CycleProgress>;

/** Starts a cycle of one VM; the answer is 202 with the job. */
export const StartReplication = z.strictObject({ contextId: Id }).meta({ id: 'StartReplication' });
export type StartReplication = z.infer<typeof StartReplication>;

export const VerifyPoint = z
  .strictObject({ scope: z.enum(['sample', 'all']).default('sample') })
  .meta({ id: 'VerifyPoint' });
export type VerifyPoint = z.infer<typeof VerifyPoint>;

/** The plan that the operator approves when a VM leaves management. Without `removeVolumes` what was copied stays. */
export const ReleaseVm = z
  .strictObject({ removeVolumes: z.boolean().default(false) })
  .meta({ id: 'ReleaseVm' });
export type ReleaseVm = z.infer<typeof ReleaseVm>;

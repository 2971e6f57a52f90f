import { z } from 'zod';
import { FailoverRun } from './failover.js';
import { Job, JobStep, LogEvent } from './job.js';
import { CycleProgress, RecoveryPoint } from './replication.js';
import { TunnelDirection } from './tunnel.js';
import { Id, Timestamp } from './values.js';
import { VmContext } from './vm-context.js';

/*
 * What happens in the product, as past facts. Facts are kept in the outbox and reach every client once they are
 * committed; measures are what a running job reports, may be coalesced and may be lost.
 */

/** Kept in the transaction that changed the state. */
export const FACTS = {
  'job.started': z.object({ job: Job }),
  'job.ended': z.object({ job: Job }),
  'job.cancel-requested': z.object({ job: Job }),
  'job.step-began': z.object({ jobId: Id, contextId: Id.optional(), step: JobStep }),
  'job.step-ended': z.object({ jobId: Id, contextId: Id.optional(), step: JobStep }),
  'job.logged': z.object({ jobId: Id, contextId: Id.optional(), event: LogEvent }),
  'context.added': z.object({ context: VmContext }),
  'context.changed': z.object({ context: VmContext }),
  'connection.changed': z.object({ connectionId: Id, change: z.enum(['created', 'updated', 'removed']) }),
  'network-mapping.changed': z.object({ contextId: Id, sourceNetwork: z.string() }),
  'point.sealed': z.object({ point: RecoveryPoint }),
  'point.folded': z.object({ contextId: Id, sequence: z.int() }),
  'failover.changed': z.object({ run: FailoverRun }),
  'vma.enrolment-requested': z.object({ vmaId: Id, fingerprint: z.string() }),
  'vma.approved': z.object({ vmaId: Id }),
  'vma.rejected': z.object({ vmaId: Id }),
  'vma.revoked': z.object({ vmaId: Id }),
  'tunnel.up': z.object({ vmaId: Id }),
  'tunnel.degraded': z.object({ vmaId: Id, reason: z.string(), direction: TunnelDirection.optional() }),
  'tunnel.half-open': z.object({ vmaId: Id, reason: z.string(), direction: TunnelDirection.optional() }),
  'tunnel.down': z.object({ vmaId: Id, reason: z.string(), direction: TunnelDirection.optional() }),
  'volume.attached': z.object({ contextId: Id, volumeId: Id }),
  'volume.detached': z.object({ contextId: Id, volumeId: Id }),
} as const;

/** Not kept: the next one says more. */
export const MEASURES = {
  'job.progressed': z.object({
    jobId: Id,
    contextId: Id.optional(),
    step: z.string().optional(),
    percent: z.number().min(0).max(100),
  }),
  'cycle.progressed': CycleProgress,
} as const;

export const FEED_EVENTS = { ...FACTS, ...MEASURES } as const;

export type FactType = keyof typeof FACTS;
export type MeasureType = keyof typeof MEASURES;
export type FeedEventType = keyof typeof FEED_EVENTS;
export type FeedData<T extends FeedEventType> = z.infer<(typeof FEED_EVENTS)[T]>;

/** `seq` rises by one per event within an `epoch` (one life of the server); a gap means: ask for a resync. */
export const FeedEnvelope = z
  .object({
    epoch: z.string(),
    seq: z.int().nonnegative(),
    id: z.string(),
    type: z.string(),
    subject: z.string(),
    time: Timestamp,
    correlationId: z.string().optional(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'FeedEnvelope' });

export interface FeedEvent<T extends FeedEventType = FeedEventType> {
  readonly epoch: string;
  readonly seq: number;
  readonly id: string;
  readonly type: T;
  readonly subject: string;
  readonly time: string;
  readonly correlationId?: string;
  readonly data: FeedData<T>;
}

/** socket.io namespace of the feed. */
export const FEED_NAMESPACE = '/live';

/** Client → server `subscribe`; the acknowledgement is a `FeedSnapshot` or `{ problem }`. */
export const Subscribe = z.object({
  /** The last event that the client saw; without it, or when it is too long ago, the answer is a whole snapshot. */
  since: z.object({ epoch: z.string().max(64), seq: z.int().nonnegative() }).optional(),
});
export type Subscribe = z.infer<typeof Subscribe>;

/** Where the client stands now: either everything as it is, or the events that it missed. */
export const FeedSnapshot = z.discriminatedUnion('mode', [
  z.object({
    mode: z.literal('snapshot'),
    epoch: z.string(),
    seq: z.int(),
    contexts: z.array(VmContext),
    jobs: z.array(Job),
    progress: z.array(CycleProgress),
  }),
  z.object({ mode: z.literal('replay'), epoch: z.string(), seq: z.int(), events: z.array(FeedEnvelope) }),
]);
export type FeedSnapshot = z.infer<typeof FeedSnapshot>;

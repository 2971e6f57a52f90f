import { z } from '@ossea/plugin-sdk';

const Text = z.string().min(1).max(4096);
const Bytes = z.int().nonnegative();

/** What names a copy for as long as its cycle lives; also the name of its journal file. */
export const CopyId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

/** One disk, from a snapshot of an open session into an export at the other end of this VMA's tunnel. */
export const StartCopy = z.strictObject({
  session: Text,
  disk: Text,
  snapshot: Text,
  exportName: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  sizeBytes: Bytes,
  work: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('full'), targetIsZero: z.boolean() }),
    z.strictObject({ kind: z.literal('incremental'), since: Text }),
  ]),
  /** A journal with another identity is discarded, one with this identity is continued. */
  journalIdentity: Text,
  correlationId: z.string().max(64),
});
export type StartCopy = z.infer<typeof StartCopy>;

export const CopyProgressMessage = z.object({
  bytesTotal: Bytes,
  bytesDone: Bytes,
  bytesMoved: Bytes,
  bytesZeroed: Bytes,
});

export const CopyResultMessage = CopyProgressMessage.extend({
  bytesResumed: Bytes,
  bytesRead: Bytes,
  requestsRetried: z.int().nonnegative(),
  seconds: z.number().nonnegative(),
});

export const CopyState = z.object({
  state: z.enum(['running', 'succeeded', 'failed', 'cancelled']),
  progress: CopyProgressMessage.optional(),
});
export type CopyState = z.infer<typeof CopyState>;

/** A line of a copy's events: what is measured, then exactly one end. A `ping` only shows that the VMA is alive. */
export const CopyEvent = z.union([
  z.strictObject({ ping: z.literal(true) }),
  z.strictObject({ progress: CopyProgressMessage }),
  z.strictObject({ result: CopyResultMessage }),
  z.strictObject({ problem: z.record(z.string(), z.unknown()) }),
]);
export type CopyEvent = z.infer<typeof CopyEvent>;

/** Milliseconds between two pings of an event stream; after three without a line the other end is taken for dead. */
export const COPY_PING_MS = 5_000;

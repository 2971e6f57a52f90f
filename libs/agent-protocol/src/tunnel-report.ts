import { z } from '@ossea/plugin-sdk';

const Count = z.int().nonnegative();

/** How a VMA finds its tunnel: the direction that only it can try, and what it counts. */
export const TunnelReport = z.object({
  /** SSH connections that stand, of those that shall. */
  connections: Count,
  expected: Count,
  /** Both ways, over the connections that stand. */
  bytes: Count,
  /** Copies that run. */
  copies: Count,
  toOma: z.object({
    answer: z.enum(['unasked', 'prompt', 'slow', 'missed-once', 'missed-twice', 'silent']),
    failuresInARow: Count,
    rttMs: z.number().nonnegative().optional(),
    lastFailure: z.object({ at: z.iso.datetime(), why: z.string().max(1_000) }).optional(),
    /** `absent`: the OMA was reached and has no storage daemon for us, as before the first export. */
    storageDaemon: z.enum(['present', 'absent']).optional(),
  }),
  /** Restarts that the VMA has forced since it was started. */
  restarts: Count,
});
export type TunnelReport = z.infer<typeof TunnelReport>;

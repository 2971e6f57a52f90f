import { z } from 'zod';
import { pageOf } from './page.js';
import { Id, Timestamp } from './values.js';

/** `half-open`: connected, but one direction does not answer. None of them is for good: a tunnel always comes back. */
export const TunnelState = z.enum(['up', 'degraded', 'half-open', 'down']);
export type TunnelState = z.infer<typeof TunnelState>;

/** `to-vma`: the OMA calls the agent. `to-oma`: the VMA reaches its storage daemon. */
export const TunnelDirection = z.enum(['to-vma', 'to-oma']);
export type TunnelDirection = z.infer<typeof TunnelDirection>;

const Count = z.int().nonnegative();

export const Tunnel = z
  .object({
    vmaId: Id,
    vmaName: z.string(),
    state: TunnelState,
    since: Timestamp,
    because: z.string(),
    /** The direction that makes it so, where it is one alone. */
    direction: TunnelDirection.optional(),
    /** Round trips of the last probes that were answered, in milliseconds. */
    rttMs: z.object({ toVma: Count.optional(), toOma: Count.optional() }),
    /** SSH connections that stand. */
    connections: Count,
    /** Each of them: where it comes from, and since when. */
    sessions: z.array(z.object({ connection: Count, address: z.string(), since: Timestamp })),
    /** Both ways, since this OMA was started. */
    bytes: Count,
    /** Restarts forced because a direction did not answer: by this OMA since its start, and by the VMA since its own. */
    restarts: Count,
    lastFailure: z
      .object({ at: Timestamp, why: z.string(), direction: TunnelDirection.optional() })
      .optional(),
  })
  .meta({ id: 'Tunnel' });
export type Tunnel = z.infer<typeof Tunnel>;

export const TunnelList = z.object({ items: z.array(Tunnel) }).meta({ id: 'TunnelList' });
export type TunnelList = z.infer<typeof TunnelList>;

/** A tunnel became this. */
export const TunnelEvent = z
  .object({
    id: Id,
    vmaId: Id,
    at: Timestamp,
    state: TunnelState,
    because: z.string(),
    direction: TunnelDirection.optional(),
    rttMs: Count.optional(),
  })
  .meta({ id: 'TunnelEvent' });
export type TunnelEvent = z.infer<typeof TunnelEvent>;

export const TunnelEventPage = pageOf(TunnelEvent, 'TunnelEventPage');
export type TunnelEventPage = z.infer<typeof TunnelEventPage>;

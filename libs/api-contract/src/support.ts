import { z } from 'zod';
import { Id } from './values.js';

/** Everything of ours that exists now, here or on other people's platforms, and that must be given back one day. */
export const LeftBehind = z
  .object({
    processes: z.array(z.object({ what: z.string(), pid: z.int() })),
    sockets: z.array(z.string()),
    exports: z.array(z.string()),
    deltas: z.array(z.object({ id: Id, state: z.string() })),
    /** Files in the spool, known or not. */
    files: z.array(z.string()),
    leases: z.array(z.object({ volumeId: Id, epoch: z.int() })),
    holds: z.array(z.object({ contextId: Id, runId: z.string() })),
    snapshots: z.array(z.object({ id: Id, ref: z.string().optional() })),
    /** What the ledger says we own or may own on a platform. */
    ledger: z.array(z.object({ contextId: Id, resource: z.string(), key: z.string(), state: z.string() })),
  })
  .meta({ id: 'LeftBehind' });
export type LeftBehind = z.infer<typeof LeftBehind>;

import { z } from 'zod';
import { ListQuery, pageOf } from './page.js';
import { Problem } from './problem.js';
import { Finding, Id, Timestamp } from './values.js';

export const FailoverKind = z.enum(['test', 'live']);

export const BootVerdict = z
  .object({
    booted: z.boolean(),
    evidence: z.string(),
    screenshot: z.object({ mediaType: z.literal('image/png'), base64: z.string() }).optional(),
    serialLog: z.string().optional(),
  })
  .meta({ id: 'BootVerdict' });
export type BootVerdict = z.infer<typeof BootVerdict>;

/** An address for a browser; it may hold a token. */
export const ConsoleAddress = z.object({ url: z.string() }).meta({ id: 'ConsoleAddress' });
export type ConsoleAddress = z.infer<typeof ConsoleAddress>;

export const FailoverRun = z
  .object({
    id: Id,
    contextId: Id,
    jobId: Id,
    kind: FailoverKind,
    state: z.string(),
    pointSequence: z.int().optional(),
    machineRef: z.string().optional(),
    verdict: z.record(z.string(), z.unknown()).optional(),
    downtimeMs: z.int().nonnegative().optional(),
    problem: Problem.optional(),
    startedAt: Timestamp,
    endedAt: Timestamp.optional(),
  })
  .meta({ id: 'FailoverRun' });
export type FailoverRun = z.infer<typeof FailoverRun>;

export const FailoverRunPage = pageOf(FailoverRun, 'FailoverRunPage');
export type FailoverRunPage = z.infer<typeof FailoverRunPage>;

export const FailoverRunQuery = ListQuery.extend({ contextId: Id.optional(), kind: FailoverKind.optional() });
export type FailoverRunQuery = z.infer<typeof FailoverRunQuery>;

export const PreflightQuery = z.object({ contextId: Id, kind: FailoverKind.default('live') });
export type PreflightQuery = z.infer<typeof PreflightQuery>;

export const StartFailover = z.strictObject({ contextId: Id }).meta({ id: 'StartFailover' });
export type StartFailover = z.infer<typeof StartFailover>;

/** Roll back, commit and clean up name the VM; there is one run that can take them. */
export const FailoverAction = z.strictObject({ contextId: Id }).meta({ id: 'FailoverAction' });
export type FailoverAction = z.infer<typeof FailoverAction>;

export const PreflightReport = z
  .object({ contextId: Id, kind: FailoverKind, possible: z.boolean(), findings: z.array(Finding) })
  .meta({ id: 'PreflightReport' });
export type PreflightReport = z.infer<typeof PreflightReport>;

import { ERRORS, type ErrorCode } from '@ossea/errors';
import { z } from 'zod';

/** RFC 9457 problem document. `errors` names the fields of a request that are wrong, by JSON pointer. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    cause: z.string(),
    remedy: z.string(),
    retryable: z.boolean(),
    context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    correlationId: z.string().optional(),
    instance: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

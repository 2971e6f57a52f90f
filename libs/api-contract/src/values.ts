import { z } from 'zod';

/** A prefixed ULID such as `ctx_01J…`; opaque to clients. */
export const Id = z.string().regex(/^[a-z]{1,8}_[0-9A-HJKMNP-TV-Z]{26}$/, 'expected an id such as ctx_01J…');

/** RFC 3339 in UTC, with milliseconds. */
export const Timestamp = z.iso.datetime({ precision: 3 });

/** A number of bytes; safe integers reach 9 PB. */
export const Bytes = z.int().nonnegative();

/** What a client may send as `X-Correlation-Id` or `X-Request-Id`. */
export const CorrelationId = z.string().regex(/^[\w.:-]{1,64}$/);

export const Severity = z.enum(['blocker', 'warning', 'information']);

export const Finding = z
  .object({ code: z.string(), severity: Severity, message: z.string(), remedy: z.string() })
  .meta({ id: 'Finding' });
export type Finding = z.infer<typeof Finding>;

/** A name that people give: shown as it is, so no control characters. */
export const DisplayName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}]*$/u, 'control characters are not allowed');

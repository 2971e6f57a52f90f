import { MigrationError } from '@ossea/errors';
import type { z } from 'zod';

/** What arrived, as the protocol has it. Throws `request.invalid` that names the fields, never their values. */
export function parseMessage<T extends z.ZodType>(schema: T, message: unknown): z.output<T> {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(
    ({ path, message: what }) => `${path.join('.') || 'message'}: ${what}`,
  );
  throw new MigrationError('request.invalid', `The message does not fit the protocol. ${fields.join('; ')}.`);
}

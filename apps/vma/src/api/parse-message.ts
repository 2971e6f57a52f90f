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

/** What a plugin answered, as the protocol has it. Throws `plugin.broken-contract`. */
export function parseAnswer<T extends z.ZodType>(schema: T, call: string, answer: unknown): z.output<T> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new MigrationError(
    'plugin.broken-contract',
    `The plugin's answer to "${call}" is wrong at "${where}".`,
    {
      context: { call, field: where },
    },
  );
}

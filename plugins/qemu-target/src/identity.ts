import { createHash } from 'node:crypto';
import { MigrationError } from '@ossea/errors';
import type { IdempotencyKey } from '@ossea/plugin-sdk';

const KEY = /^[a-z0-9-]{1,64}$/;
const PREFIX = { volume: 'v', clone: 'v', snapshot: 's', machine: 'm', network: 'n' } as const;
export type Made = keyof typeof PREFIX;

/**
 * The id of what a key makes: the same for ever, so that `find` after a crash needs no index.
 * It is short because a machine's sockets lie under it, and holds nothing that could leave a directory.
 */
export function idOf(made: Made, key: IdempotencyKey): string {
  if (!KEY.test(key)) throw new MigrationError('request.invalid', 'A key is 1 to 64 of a-z, 0-9 and "-".');
  const digest = createHash('sha256').update(`${made}/${key}`).digest('hex');
  return `${PREFIX[made]}-${digest.slice(0, 16)}`;
}

/** What ids of this kind look like. */
export function idPattern(made: Made): RegExp {
  return new RegExp(`^${PREFIX[made]}-[0-9a-f]{16}$`);
}

/** The error for something that is not here. */
export function notFound(what: string, ref: string): MigrationError {
  return new MigrationError('resource.not-found', `There is no ${what} "${ref.slice(0, 80)}" in this pool.`);
}

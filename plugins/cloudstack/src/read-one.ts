import type { CallOptions, z } from '@ossea/plugin-sdk';
import type { Cloud } from './cloud.js';
import { isNotFound } from './fault-to-error.js';
import { isId } from './settings.js';

/**
 * One resource by its id; undefined where there is none. A resource that was removed lists as nothing, one that never
 * was (or whose row an administrator has purged) is refused as unknown: both are gone.
 * @param command a list command that takes `id`.
 */
export async function readOne<T extends { readonly id: string }>(
  { client }: Cloud,
  command: string,
  id: string,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<T | undefined> {
  if (!isId(id)) return undefined;
  try {
    const found = await client.list(command, { id, listall: true }, schema, options);
    return found.find((one) => one.id === id);
  } catch (fault) {
    options.signal.throwIfAborted();
    if (isNotFound(fault)) return undefined;
    throw fault;
  }
}

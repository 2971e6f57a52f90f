import { ERRORS, MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions, DiscoveredResources, z } from '@ossea/plugin-sdk';
import type { CloudstackClient, Params } from '../client/index.js';
import { faultToError, isNotFound } from '../fault-to-error.js';

/** What a list has shown. What could not be listed is told, and the rest of a set-up goes on. */
export interface Looked<T> {
  readonly items: readonly T[];
  readonly problem?: Problem;
}

export type Problem = NonNullable<DiscoveredResources['problem']> & { readonly code: MigrationError['code'] };

/** Lists without throwing: an id that does not exist is an empty list, and a refusal a problem. Throws `call.aborted`. */
export async function look<T>(
  client: CloudstackClient,
  command: string,
  params: Params,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<Looked<T>> {
  try {
    return { items: await client.list(command, params, schema, options) };
  } catch (fault) {
    throwIfAborted(options.signal);
    if (isNotFound(fault)) return { items: [] };
    return { items: [], problem: problemOf(command, fault) };
  }
}

/** The same for a command that answers with one object. */
export async function lookAtOne<T>(
  client: CloudstackClient,
  command: string,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<Looked<T>> {
  try {
    return { items: [await client.read(command, {}, schema, options)] };
  } catch (fault) {
    throwIfAborted(options.signal);
    return { items: [], problem: problemOf(command, fault) };
  }
}

/**
 * Why a command could not be used, for people. It is asked where other commands have been answered: a login that is
 * refused now is the command that is refused, because CloudStack tells both in the same words (401).
 */
function problemOf(command: string, fault: unknown): Problem {
  const { code, message } = faultToError(fault);
  if (code !== 'peer.forbidden' && code !== 'auth.rejected')
    return { code, message: `${command}: ${message}`, remedy: ERRORS[code].remedy };
  return {
    code: 'peer.forbidden',
    message: `This account may not use ${command}, or this release of CloudStack does not have it.`,
    remedy: `Allow ${command} in the role of the account, then look again.`,
  };
}

/**
 * Runs all tasks, a few at a time: a management server counts and limits what an account asks at once.
 * @returns their results under the same names. Throws what the first that failed throws.
 */
export async function fewAtATime<T extends Readonly<Record<string, () => Promise<unknown>>>>(
  limit: number,
  tasks: T,
): Promise<{ [Name in keyof T]: Awaited<ReturnType<T[Name]>> }> {
  const waiting = Object.entries(tasks);
  const results: Record<string, unknown> = {};
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results[next[0]] = await next[1]();
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results as { [Name in keyof T]: Awaited<ReturnType<T[Name]>> };
}

import { setTimeout as later } from 'node:timers/promises';
import type { CallOptions, PluginContext, Turns } from '@ossea/plugin-sdk';
import type { CloudstackClient } from './client/index.js';
import type { CloudstackSettings } from './settings.js';

/** What every part of a session works with. */
export interface Cloud {
  readonly client: CloudstackClient;
  readonly settings: CloudstackSettings;
  readonly context: PluginContext;
  /** One call at a time where two would get in each other's way. */
  readonly turns: Turns;
  /** Milliseconds before CloudStack is asked again for what it has put off; 5 000 unless told. */
  readonly againMs?: number;
}

const AGAIN_MS = 5_000;

/** Waits before something is asked for again. Rejects when the signal fires. */
export function pause(
  { againMs = AGAIN_MS }: Pick<Cloud, 'againMs'>,
  { signal }: CallOptions,
): Promise<void> {
  return later(againMs, undefined, { signal });
}

/**
 * Makes something whose making can be read back.
 *
 * A write is sent once. Whatever went wrong with it (the answer was lost, the request was doubled by something in
 * between, the job failed after its effect), what is there decides, and only then is it repeated, by the engine.
 * @param find the thing, by the name that it was given in the call.
 */
export async function madeOnce<T>(
  find: () => Promise<T | undefined>,
  make: () => Promise<unknown>,
  options: CallOptions,
): Promise<T> {
  const before = await find();
  if (before !== undefined) return before;
  let fault: unknown;
  try {
    await make();
  } catch (error) {
    // an abort says nothing about the write; the key finds it again
    options.signal.throwIfAborted();
    fault = error;
  }
  const after = await find();
  if (after !== undefined) return after;
  throw fault ?? new Error('What was made cannot be found.');
}

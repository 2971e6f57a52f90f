import { throwIfAborted } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import { faultToError } from './fault-to-error.js';

/** Runs one call of the contract: refuses it when it is aborted, and lets only `MigrationError` out. */
export async function guarded<T>({ signal }: CallOptions, call: () => Promise<T>): Promise<T> {
  throwIfAborted(signal);
  try {
    return await call();
  } catch (fault) {
    throwIfAborted(signal);
    throw faultToError(fault);
  }
}

/** The same for a call that streams; an abort ends it before the next item. */
export async function* guardedStream<T>(
  { signal }: CallOptions,
  call: () => AsyncIterable<T>,
): AsyncGenerator<T> {
  throwIfAborted(signal);
  try {
    for await (const item of call()) {
      throwIfAborted(signal);
      yield item;
    }
  } catch (fault) {
    throwIfAborted(signal);
    throw faultToError(fault);
  }
}

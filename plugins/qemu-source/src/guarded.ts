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

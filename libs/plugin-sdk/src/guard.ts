import { throwIfAborted, type MigrationError } from '@ossea/errors';
import type { CallOptions } from './values.js';

/** What every call of a session passes through. */
export interface Guard {
  /** Runs one call of the contract: refuses it when it is aborted, and lets only `MigrationError` out. */
  guarded<T>(options: CallOptions, call: () => Promise<T>): Promise<T>;
  /** The same for a call that streams; an abort ends it before the next item. */
  guardedStream<T>(options: CallOptions, call: () => AsyncIterable<T>): AsyncGenerator<T>;
}

/** @param faultToError the plugin's one place where whatever goes wrong below it becomes a `MigrationError`. */
export function guardWith(faultToError: (fault: unknown) => MigrationError): Guard {
  return {
    async guarded({ signal }, call) {
      throwIfAborted(signal);
      try {
        return await call();
      } catch (fault) {
        throwIfAborted(signal);
        throw faultToError(fault);
      }
    },
    async *guardedStream({ signal }, call) {
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
    },
  };
}

import type { IdempotencyKey } from '@ossea/plugin-sdk';
import type { Facts, FactName, ResourceName } from './facts.js';
import type { STEPS, StepName } from './steps.js';

type Definition<N extends StepName> = (typeof STEPS)[N];
type Listed<D, Field extends string> = D extends { readonly [F in Field]: readonly (infer Name)[] }
  ? Extract<Name, FactName>
  : never;

/** What a handler is given: all that its step consumes, and what it may read where that is known. */
export type Given<N extends StepName> = Pick<Facts, Listed<Definition<N>, 'consumes'>> &
  Partial<Pick<Facts, Listed<Definition<N>, 'mayRead'>>>;

/** What a handler must return: all that its step produces, and the value of every resource it acquires. */
export type Yields<N extends StepName> = Pick<
  Facts,
  Listed<Definition<N>, 'produces'> | Listed<Definition<N>, 'acquires'>
>;

export interface StepProgress {
  /** Finished share of this step, 0 to 1. */
  readonly fraction: number;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  readonly note?: string;
}

export interface StepCall<N extends StepName, Context> {
  /** Fires when the job is cancelled; never fires in a step that finishes despite a cancel. */
  readonly signal: AbortSignal;
  /**
   * Our key for each resource that the step acquires or releases, already in the ledger.
   * It lives until the resource is released, so a repeated step finds what its first try made.
   */
  readonly keys: Readonly<
    Record<Extract<Listed<Definition<N>, 'acquires'>, ResourceName>, IdempotencyKey> &
      Partial<
        Record<
          Extract<Listed<Definition<N>, 'releases'> | Listed<Definition<N>, 'touches'>, ResourceName>,
          IdempotencyKey
        >
      >
  >;
  /** 1 for the first try within this run. */
  readonly attempt: number;
  readonly runId: string;
  /**
   * Adds a write to the transaction that stores this step's end, so that both happen or neither does.
   * `transaction` is the store's own (an entity manager, say).
   */
  readonly joinEnd: (write: (transaction: unknown) => Promise<void>) => void;
  /** Reports measured progress; it is coalesced, never awaited. */
  readonly report: (progress: StepProgress) => void;
  /** What the caller gave the engine: sessions, repositories, loggers. */
  readonly context: Context;
}

type Answer<N extends StepName> = keyof Yields<N> extends never ? void : Yields<N>;

/**
 * One handler per step. The compiler checks that each is given exactly what its step consumes,
 * that it returns exactly what its step yields, and that none is missing.
 */
export type StepHandlers<Context, Names extends StepName = StepName> = {
  readonly [N in Names]: (given: Given<N>, call: StepCall<N, Context>) => Promise<Answer<N>>;
};

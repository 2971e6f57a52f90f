import type { IdempotencyKey } from '@ossea/plugin-sdk';
import type { StepProgress } from '../steps/handlers.js';
import type { Fault } from './fault.js';

/**
 * claimed: the row stands, the thing may or may not exist. held: it exists and `ref` says which.
 * released: it is gone. handed-over: it became the operator's.
 */
export type LedgerState = 'claimed' | 'held' | 'released' | 'handed-over';

/** One thing we own, or owe, on someone else's platform. */
export interface LedgerRow {
  readonly resource: string;
  readonly key: IdempotencyKey;
  /** The value of the resource's fact, as JSON; only while `held`. */
  readonly ref?: unknown;
  readonly state: LedgerState;
}

/** A handler's own write in the transaction that stores its step's end; `transaction` is the store's. */
export type JoinedWrite = (transaction: unknown) => Promise<void>;

/** Everything a run needs to go on: one read. */
export interface RunState {
  /** Findings by name, as JSON: the lasting ones of the run's subject (`LASTING_FINDINGS`), and this run's own. */
  readonly findings: Readonly<Record<string, unknown>>;
  /** Rows that are `claimed` or `held`; at most one per resource. */
  readonly ledger: readonly LedgerRow[];
  /** Index of each leg of this run that has ended (succeeded, skipped or deferred). */
  readonly finishedLegs: ReadonlySet<number>;
}

export interface StepStart {
  readonly leg: number;
  readonly step: string;
  readonly attempt: number;
  readonly label: string;
  /** Findings that stop being true now. */
  readonly drop: readonly string[];
  /** Rows to write before the effect. */
  /** The step does not begin while another run of the same VM has an open row of one of these. */
  readonly yieldsTo: readonly string[];
  readonly claim: readonly { readonly resource: string; readonly key: IdempotencyKey }[];
}

export type StepEnding = 'succeeded' | 'deferred' | 'faulted' | 'cancelled';

export interface StepEnd {
  readonly leg: number;
  readonly step: string;
  readonly attempt: number;
  readonly ending: StepEnding;
  /** Findings to store. */
  readonly found: Readonly<Record<string, unknown>>;
  /** Findings that stop being true. */
  readonly drop: readonly string[];
  /** Resources that are held now, with their values. */
  readonly held: Readonly<Record<string, unknown>>;
  /** Resources whose value is no longer known: their rows go back to `claimed`. */
  readonly unknown: readonly string[];
  /** Resources that left our ledger. */
  readonly left: readonly { readonly resource: string; readonly as: 'released' | 'handed-over' }[];
  /** Legs that must run again although they had ended. */
  readonly reopen: readonly number[];
  readonly fault?: Fault;
}

/**
 * Where runs live. Each of the calls that write is one transaction, and each refuses with `job.disowned`
 * when this process does not own the run any more (a lease row makes one process the owner).
 */
export interface RunStore {
  load(runId: string): Promise<RunState>;
  /**
   * Step row, dropped findings and claimed ledger rows, before any effect. `yields`: another run holds what
   * the step yields to, and nothing was stored; both are decided in this one transaction.
   */
  beginStep(runId: string, start: StepStart): Promise<'begun' | 'yields'>;
  /** How the step ended, all that follows from it, and what the handler joined to it. */
  endStep(runId: string, end: StepEnd, joined: readonly JoinedWrite[]): Promise<void>;
  /** A leg that was not possible and not needed, or that was put off. */
  skipLeg(runId: string, leg: number, why: 'not-possible' | 'deferred'): Promise<void>;
  /** Measured progress of the running step; may coalesce and may be lost. `overall` is 0 to 1. */
  progress(runId: string, step: string, progress: StepProgress, overall: number): void;
}

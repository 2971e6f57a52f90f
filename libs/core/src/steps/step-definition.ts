import type { ErrorCode } from '@ossea/errors';
import type { CapabilityName, FactName, FindingName, ResourceName } from './facts.js';

/** One step as data: what people read, what it needs, what it changes, what happens when it fails. */
export interface StepDefinition {
  /** For people, in the present: "Copying the disks". */
  readonly label: string;
  /** Expected share of the progress bar, relative to the other steps of its itinerary. */
  readonly weight: number;
  /** Facts that must be known; the handler is given them. */
  readonly consumes: readonly FactName[];
  /** Facts that the handler is given where they are known. */
  readonly mayRead?: readonly FactName[];
  readonly produces?: readonly FindingName[];
  /** Stop being true the moment the step begins, however it ends. */
  readonly invalidates?: readonly FindingName[];
  /** Enter the ledger before the step begins. */
  readonly acquires?: readonly ResourceName[];
  /** Leave the ledger only once the step has finished; impossible while the ledger holds none of them. */
  readonly releases?: readonly ResourceName[];
  /** What it releases is not removed but becomes the operator's. */
  readonly handsOver?: true;
  /** Possible only while the ledger holds all of these. */
  readonly touches?: readonly ResourceName[];
  /** Possible only while none of these is known. */
  readonly unless?: readonly FactName[];
  readonly requires?: CapabilityName;
  /** Cannot begin while another run of the same VM owns one of these (a hold); checked where its beginning is stored. */
  readonly yieldsTo?: readonly ResourceName[];
  /** May be put off when it meets `volume.in-use`: skipped, recorded as deferred, not failed. */
  readonly deferrable?: true;
  /** A cancel waits for its end (a fold, a seal): stopping half-way would leave what nobody can use. */
  readonly finishesDespiteCancel?: true;
  /** What stops being known when it fails so; the run goes back to the first step that makes it again. */
  readonly onFault?: Readonly<Partial<Record<ErrorCode, readonly FactName[]>>>;
  /** What a retry costs, for people; repeating this step only, unless told. */
  readonly retryCost?: string;
}

/** Makes a table of steps without widening it, so that handlers can be typed by it. */
export function defineSteps<const Table extends Record<string, StepDefinition>>(table: Table): Table {
  return table;
}

import type { ContextWorkingState } from '../machine/context-machine.js';
import type { TestFailoverWorkingState } from '../machine/test-failover-machine.js';
import type { StepName } from './steps.js';

/** A step that must run, the first of several that can, or one that runs only if it can. */
export type Leg<Name extends string = StepName> =
  Name | { readonly firstOf: readonly Name[] } | { readonly ifPossible: Name };

const CYCLE = [
  // The next snapshot is taken only when the last one is gone.
  { ifPossible: 'drop-snapshot' },
  { ifPossible: 'close-exports' },
  'describe-vm',
  'open-exports',
  'take-snapshot',
  'decide-work',
  'copy-disks',
  'check-written',
  'seal-recovery-point',
  'drop-snapshot',
] as const satisfies readonly Leg[];

const WAY_BACK = [
  { ifPossible: 'stop-machine' },
  { ifPossible: 'remove-machine' },
  // As soon as the target can no longer run: trouble with volumes must not keep the source off.
  { ifPossible: 'start-source' },
  { ifPossible: 'close-exports' },
  { ifPossible: 'drop-snapshot' },
  { ifPossible: 'revert-volumes' },
  { ifPossible: 'attach-volumes' },
  { ifPossible: 'fold-kept-delta' },
  { ifPossible: 'discard-kept-delta' },
  { ifPossible: 'drop-rollback-point' },
] as const satisfies readonly Leg[];

/** The route through each working state of a VM context. */
export const CONTEXT_ITINERARIES = {
  preparing: ['describe-vm', { ifPossible: 'enable-change-tracking' }, 'create-volumes', 'attach-volumes'],
  replicating: [...CYCLE, 'verify-sample', 'fold-deltas'],
  cancelling: [{ ifPossible: 'close-exports' }, { ifPossible: 'drop-snapshot' }],
  'cutting-over': [
    // A fault may have forgotten what the machine is made of; with the source off it is too late to ask.
    'describe-vm',
    'run-pre-flight',
    'fold-all-deltas',
    'verify-recovery-point',
    { ifPossible: 'take-rollback-point' },
    { firstOf: ['stop-source', 'confirm-source-stopped'] },
    ...CYCLE,
    'verify-final-ranges',
    'fold-keeping-delta',
    'detach-volumes',
    'create-machine',
    'start-machine',
    'check-boot',
  ],
  'rolling-back': WAY_BACK,
  committing: [
    'accept-machine',
    { ifPossible: 'disable-change-tracking' },
    { ifPossible: 'drop-rollback-point' },
    { ifPossible: 'discard-kept-delta' },
    { ifPossible: 'close-exports' },
  ],
  unwinding: [
    ...WAY_BACK,
    { ifPossible: 'disable-change-tracking' },
    // The operator gets whole volumes, not volumes and a heap of deltas.
    { ifPossible: 'fold-all-deltas' },
    { ifPossible: 'detach-volumes' },
    { ifPossible: 'remove-volumes' },
    { ifPossible: 'keep-volumes' },
  ],
} as const satisfies Record<ContextWorkingState, readonly Leg[]>;

/** The route through each working state of a test failover. */
export const TEST_FAILOVER_ITINERARIES = {
  testing: [
    'hold-folds',
    'snapshot-volumes',
    'release-hold',
    'make-copies',
    { ifPossible: 'make-isolated-network' },
    'create-test-machine',
    'start-test-machine',
    'judge-boot',
  ],
  'cleaning-up': [
    // First: cycles wait for it.
    { ifPossible: 'release-hold' },
    { ifPossible: 'stop-test-machine' },
    { ifPossible: 'remove-test-machine' },
    { ifPossible: 'remove-copies' },
    { ifPossible: 'remove-test-network' },
    { ifPossible: 'remove-test-snapshots' },
  ],
} as const satisfies Record<TestFailoverWorkingState, readonly Leg[]>;

export const ITINERARIES = { ...CONTEXT_ITINERARIES, ...TEST_FAILOVER_ITINERARIES } as const;
export type Itinerary = keyof typeof ITINERARIES;

type NamesIn<L> = L extends string
  ? L
  : L extends { readonly firstOf: readonly (infer N)[] }
    ? N
    : L extends { readonly ifPossible: infer N }
      ? N
      : never;

/** The steps that an itinerary may run: `StepHandlers<Context, StepsOf<'replicating'>>`. */
export type StepsOf<I extends Itinerary> = Extract<NamesIn<(typeof ITINERARIES)[I][number]>, StepName>;

import type { ContextState } from './context-machine.js';
import type { MachineDefinition } from './machine.js';

/** A test failover is a run beside the VM context, never a state of it: cycles go on. */
export const TEST_FAILOVER_MACHINE = {
  initial: 'requested',
  states: {
    requested: { kind: 'resting', on: { start: 'testing', cancel: 'cleaned-up' } },
    testing: {
      kind: 'working',
      on: { succeeded: 'awaiting-clean-up', faulted: 'faulted', cancel: 'cleaning-up' },
    },
    'awaiting-clean-up': { kind: 'resting', on: { 'clean-up': 'cleaning-up' } },
    'cleaning-up': { kind: 'working', on: { succeeded: 'cleaned-up', faulted: 'needs-attention' } },
    faulted: { kind: 'resting', on: { retry: '@origin', 'clean-up': 'cleaning-up' } },
    'needs-attention': { kind: 'resting', on: { retry: '@origin', 'leave-remains': 'left-behind' } },
    'cleaned-up': { kind: 'terminal', on: {} },
    // Another word for another outcome: the ledger says what still exists on the target. A hold does not: it is a row
    // of our own, so whoever sends `leave-remains` lets go of it, and of its ledger row, in the same transaction.
    'left-behind': { kind: 'terminal', on: {} },
  },
} as const satisfies MachineDefinition;

type States = typeof TEST_FAILOVER_MACHINE.states;
export type TestFailoverState = keyof States;
export type TestFailoverWorkingState = {
  [S in TestFailoverState]: States[S]['kind'] extends 'working' ? S : never;
}[TestFailoverState];
export type TestFailoverEvent = { [S in TestFailoverState]: keyof States[S]['on'] }[TestFailoverState];

/**
 * Whether a context may stand in this state while a test failover of it is not over: a test reads the volumes
 * as a recovery point, so nothing else may take them away.
 * Asked before a test starts, and before a context takes an event that leads elsewhere.
 * @param origin the working state that a `faulted` or `needs-attention` context faulted in.
 */
export function mayStandBesideATest(state: ContextState, origin?: string): boolean {
  if (state === 'faulted' || state === 'needs-attention') {
    return origin === 'replicating' || origin === 'cancelling';
  }
  return state === 'replicating' || state === 'cancelling' || state === 'in-sync';
}

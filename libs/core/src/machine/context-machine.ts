import type { MachineDefinition } from './machine.js';

/** The life of one VM context, as the operator sees it (design section 8). */
export const CONTEXT_MACHINE = {
  initial: 'discovered',
  states: {
    discovered: { kind: 'resting', on: { manage: 'managed', release: 'unwinding' } },
    managed: { kind: 'resting', on: { start: 'preparing', release: 'unwinding' } },
    preparing: {
      kind: 'working',
      on: { succeeded: 'replicating', faulted: 'faulted', cancel: '@rest' },
    },
    replicating: {
      kind: 'working',
      on: { succeeded: 'in-sync', faulted: 'faulted', cancel: 'cancelling' },
    },
    // A cancelled cycle still owes the source its snapshot back; what was copied and sealed stays.
    cancelling: { kind: 'working', on: { succeeded: '@rest', faulted: 'needs-attention' } },
    'in-sync': {
      kind: 'resting',
      on: { 'sync-due': 'replicating', cutover: 'cutting-over', release: 'unwinding' },
    },
    'cutting-over': {
      kind: 'working',
      on: { succeeded: 'awaiting-commit', faulted: 'faulted', cancel: 'rolling-back' },
    },
    'awaiting-commit': { kind: 'resting', on: { commit: 'committing', 'roll-back': 'rolling-back' } },
    // Past the commit there is no way back: nothing from here on may touch the new machine.
    committing: { kind: 'working', on: { succeeded: 'migrated', faulted: 'needs-attention' } },
    'rolling-back': { kind: 'working', on: { succeeded: '@rest', faulted: 'needs-attention' } },
    faulted: {
      kind: 'resting',
      on: {
        retry: '@origin',
        cancel: { preparing: '@rest', replicating: 'cancelling', 'cutting-over': 'rolling-back' },
        'roll-back': { 'cutting-over': 'rolling-back' },
        release: { preparing: 'unwinding', replicating: 'unwinding' },
      },
    },
    unwinding: { kind: 'working', on: { succeeded: 'released', faulted: 'needs-attention' } },
    // Something of ours is still out there, and the ledger says what.
    'needs-attention': {
      kind: 'resting',
      on: {
        retry: '@origin',
        release: { cancelling: 'unwinding', 'rolling-back': 'unwinding' },
        'leave-remains': { cancelling: '@rest', committing: 'migrated', unwinding: 'released' },
      },
    },
    migrated: { kind: 'terminal', on: {} },
    released: { kind: 'terminal', on: {} },
  },
  // In-sync is said only while a recovery point stands; otherwise the next cycle is a first one.
  rest: [{ state: 'in-sync', whenKnown: 'recoveryPoint' }, { state: 'managed' }],
} as const satisfies MachineDefinition;

type States = typeof CONTEXT_MACHINE.states;
export type ContextState = keyof States;
export type ContextWorkingState = {
  [S in ContextState]: States[S]['kind'] extends 'working' ? S : never;
}[ContextState];
export type ContextEvent = { [S in ContextState]: keyof States[S]['on'] }[ContextState];

import { CONTEXT_MACHINE } from '@ossea/core';

/** States of a VM context that nothing follows: its row is history, and the VM may be added again. */
export const OVER_STATES: readonly string[] = Object.entries(CONTEXT_MACHINE.states).flatMap(
  ([name, { kind }]) => (kind === 'terminal' ? [name] : []),
);

import type { ErrorCode } from '@ossea/errors';
import type { ResourceName } from '../steps/facts.js';
import type { MoveRule } from './rules.js';
import type { World } from './world.js';

/** What a handler goes by beside the world it meets. */
export interface Belief {
  readonly known: { has(name: string): boolean };
  readonly capabilities: ReadonlySet<string>;
  readonly breach: (rule: MoveRule) => void;
}

/** The step cannot end well in this world; this is what its handler throws. */
export interface Failure {
  readonly fails: ErrorCode;
}

/** What a step does to the world. Told from the handlers and the rooms, never from the table that is under test. */
export interface Effect {
  /** Exists from the step's beginning on, should it get no further. */
  readonly makes?: readonly ResourceName[];
  /** Is gone when the step has ended. */
  readonly removes?: readonly ResourceName[];
  readonly begun?: (world: World, at: Belief) => World;
  readonly ended?: (world: World, at: Belief) => World | Failure;
  /** Its effect is a write in the transaction that stores its end: it never stands without our note of it. */
  readonly inOneTransaction?: true;
}

export const more = (count: 0 | 1 | 2): 1 | 2 => (count === 0 ? 1 : 2);

export const fails = (code: ErrorCode): Failure => ({ fails: code });

/** What a fault with this code says about the world: every world that it may stand for. */
export function aftermath(code: string, world: World): readonly World[] {
  const isCopying = world.received !== 'closed';
  if (code === 'tracking.reset')
    return world.plan === 'incremental' ? [{ ...world, tokens: 'void' }] : [world];
  if (code === 'copy.incomplete' && isCopying) {
    return [{ ...world, received: world.destination === 'delta' ? 'rejected' : 'part' }];
  }
  // Somebody may have deleted it, or it could not be read only once.
  if (code === 'snapshot.failed') return [world, { ...world, ours: world.ours.without(LOST) }];
  return [world];
}
const LOST = ['snapshot'];

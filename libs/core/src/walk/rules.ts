import { CONTEXT_MACHINE, type ContextState } from '../machine/context-machine.js';
import type { ResourceName } from '../steps/facts.js';
import { pointStands, type World } from './world.js';

/** One place of the walk: what we believe, and what is the case. */
export interface Sighting {
  readonly state: ContextState;
  readonly origin: string | undefined;
  /** Index of the leg that is next in this state's itinerary. */
  readonly leg: number;
  readonly known: ReadonlySet<string>;
  readonly ledger: ReadonlySet<string>;
  readonly world: World;
  /** The operator chose to leave something behind, knowing what. */
  readonly leftRemains: boolean;
  readonly capabilities: ReadonlySet<string>;
}

/** What stays when a job ends: the operator sees it, and release takes it away. */
const STAYS: readonly ResourceName[] = ['volumes', 'attachment', 'tracking'];
const remains = ({ world }: Sighting): ResourceName[] =>
  [...world.ours].filter((name) => !STAYS.includes(name));
const atRest = ({ state }: Sighting): boolean => state === 'managed' || state === 'in-sync';

/** The sentences of the design, each true of every place that can be reached. */
export const RULES: Readonly<Record<string, (at: Sighting) => boolean>> = {
  'a known recovery point stands': (at) => !at.known.has('recoveryPoint') || pointStands(at.world),
  'in-sync means the disks match': (at) =>
    at.state !== 'in-sync' || (at.known.has('recoveryPoint') && pointStands(at.world)),
  'a change token advances only with the seal': (at) =>
    !at.known.has('changeTokens') || at.world.tokens === 'right',
  'source and target never run together': ({ world }) => !(world.sourceRunning && world.targetRunning),
  'everything of ours stands in the ledger': ({ world, ledger }) =>
    [...world.ours].every((name) => ledger.has(name)),
  'cancelling leaves nothing of ours behind, or says what remains': (at) =>
    !atRest(at) || remains(at).length === 0 || at.leftRemains,
  'at rest the source is as it was': (at) =>
    !atRest(at) || (at.world.sourceRunning && !at.world.ours.has('sourceHold')),
  'a way back never keeps the source off for the sake of volumes': ({ state, origin, leg, world }) => {
    const back = state === 'needs-attention' && origin === 'rolling-back';
    return !back || leg <= 2 || !world.ours.has('sourceHold');
  },
  'a roll back ends at a recovery point where the target has snapshots': (at) =>
    !(
      at.state === 'managed' &&
      at.capabilities.has('target.volumeSnapshots') &&
      at.world.volume === 'dirtied'
    ),
  'released means nothing of ours is left, or says what remains': (at) =>
    at.state !== 'released' || at.world.ours.size === 0 || at.leftRemains,
  'a release starts the source again if we stopped it': (at) =>
    at.state !== 'released' || at.world.sourceRunning || at.world.operatorStopped || at.leftRemains,
  'migrated means the machine runs, the source does not, and nothing of ours is left': ({
    state,
    world,
    leftRemains,
  }) =>
    state !== 'migrated' ||
    (world.targetRunning && !world.sourceRunning && (world.ours.size === 0 || leftRemains)),
  'an accepted machine is never removed': ({ world }) => !world.accepted || world.targetRunning,
};

export const isWorking = (state: string): boolean =>
  CONTEXT_MACHINE.states[state as ContextState].kind === 'working';

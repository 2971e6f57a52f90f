import type { ResourceName } from '../steps/facts.js';
import type { NameSet } from './name-set.js';
import { pointStands, type World } from './world.js';

/** One place of the walk: what we believe, and what is the case. */
export interface Sighting {
  readonly state: string;
  readonly origin: string | undefined;
  /** The step that the engine runs next here, or would after a retry. */
  readonly next: string | undefined;
  readonly known: NameSet;
  readonly ledger: NameSet;
  readonly world: World;
  /** The operator chose to leave something behind, knowing what. */
  readonly leftRemains: boolean;
  readonly capabilities: ReadonlySet<string>;
}

/** What stays when a job ends: the operator sees it, and release takes it away. */
const STAYS: readonly ResourceName[] = ['volumes', 'attachment', 'tracking'];
/** What the end of a job should have given back. */
export const remainsIn = ({ ours }: World): NameSet => ours.without(STAYS);

const atRest = ({ state }: Sighting): boolean => state === 'managed' || state === 'in-sync';
const saysWhatRemains = ({ world, ledger, leftRemains }: Sighting): boolean =>
  leftRemains && [...remainsIn(world).names].every((name) => ledger.has(name));

/** The sentences of the design that are true of every place that can be reached. */
export const PLACE_RULES = {
  'in-sync means the disks match': (at: Sighting) =>
    at.state !== 'in-sync' || (at.known.has('recoveryPoint') && pointStands(at.world)),
  'source and target never run together on live networks': ({ world }: Sighting) =>
    !(world.sourceRunning && world.targetRunning),
  'an accepted machine is never removed': ({ world }: Sighting) => !world.accepted || world.targetRunning,
  'cancelling leaves nothing of ours behind, or says exactly what remains': (at: Sighting) =>
    !atRest(at) || remainsIn(at.world).size === 0 || saysWhatRemains(at),
  'a known recovery point stands': (at: Sighting) => !at.known.has('recoveryPoint') || pointStands(at.world),
  'a change token advances only with the seal': (at: Sighting) =>
    !at.known.has('changeTokens') || at.world.tokens !== 'ahead',
  'everything of ours stands in the ledger': ({ world, ledger }: Sighting) =>
    [...world.ours.names].every((name) => ledger.has(name)),
  'cancel keeps volumes and recovery points': (at: Sighting) =>
    !atRest(at) || !at.world.everSealed || at.world.ours.has('volumes'),
  'a roll back ends at a recovery point where the target has snapshots': (at: Sighting) =>
    at.state !== 'managed' || !at.world.everSealed || !at.capabilities.has('target.volumeSnapshots'),
  'at rest the source is as it was': (at: Sighting) =>
    !atRest(at) ||
    (at.world.sourceRunning === (at.world.sourceWas === 'running') && !at.world.ours.has('sourceHold')),
  'a way back never keeps the source off for the sake of volumes': ({ state, origin, ...at }: Sighting) => {
    const stuck = state === 'needs-attention' && origin === 'rolling-back';
    const owes = at.world.ours.has('sourceHold') && !at.ledger.has('machine');
    return !stuck || !owes || at.next === 'start-source';
  },
  'released means nothing of ours is left, or says exactly what remains': (at: Sighting) =>
    at.state !== 'released' ||
    at.world.ours.size === 0 ||
    (at.leftRemains && [...at.world.ours.names].every((name) => at.ledger.has(name))),
  'a release starts the source again if we stopped it': (at: Sighting) =>
    at.state !== 'released' ||
    at.world.sourceWas === 'stopped' ||
    at.world.sourceRunning ||
    at.world.operatorStopped ||
    at.leftRemains,
  'migrated means the machine runs, the source does not, and nothing of ours is left': (at: Sighting) =>
    at.state !== 'migrated' ||
    (at.world.targetRunning && !at.world.sourceRunning && (at.world.ours.size === 0 || saysWhatRemains(at))),
} as const satisfies Record<string, (at: Sighting) => boolean>;

/** The sentences that moves break: each is looked at where a step begins or ends, or where the walk is over. */
export const MOVE_RULES = [
  'no route is blocked',
  'left in peace, every route comes to its end',
  'every place can reach an end',
  'only a release leads to unwinding',
  'only a whole cycle is sealed',
  'a copy writes through a lease',
  'a delta is folded only into its point',
  'a machine is built only from a whole point',
  'nothing copied is deleted by a failure',
  'a volume is attached to one machine, and never exported while attached elsewhere',
  'the source is stopped only when the way back is ready',
  'nothing as long as the disks runs while both machines are down',
  'the operator is left whole volumes',
] as const;

export type PlaceRule = keyof typeof PLACE_RULES;
export type MoveRule = (typeof MOVE_RULES)[number] | PlaceRule;
export const RULE_NAMES: readonly MoveRule[] = [...(Object.keys(PLACE_RULES) as PlaceRule[]), ...MOVE_RULES];

import { NameSet } from './name-set.js';

/*
 * What is really the case, whatever our findings and our ledger say. The walk moves this world by the physics of
 * each step and compares it with what we believe. Points of time are relative: only how the disks stand to the
 * last sealed recovery point matters.
 */
export interface World {
  /** Things of ours that exist on other people's platforms. */
  readonly ours: NameSet;
  /**
   * good: one sealed recovery point; mixed: no point by itself, but one under the sealed deltas (a fold has begun and
   * not ended, or a full delta covers everything); torn: half written in place; dirtied: a guest wrote to it.
   */
  readonly volume: 'blank' | 'torn' | 'good' | 'mixed' | 'dirtied';
  /** Sealed deltas that are not folded (2 means two or more). */
  readonly sealed: 0 | 1 | 2;
  /** A recovery point was sealed once: the volumes' own records say so until the volumes are gone. */
  readonly everSealed: boolean;
  /** What the open exports have received; rejected: it did not equal the journal, and is never sealed. */
  readonly received: 'closed' | 'nothing' | 'part' | 'all' | 'rejected';
  /** What was received from an earlier snapshot than the present one. */
  readonly foreign: 'none' | 'changes' | 'everything';
  readonly destination: 'volume' | 'delta';
  readonly plan: 'none' | 'full' | 'full-without-holes' | 'incremental';
  /** What is being received can never become the snapshot, whatever is copied now. */
  readonly tainted: boolean;
  /**
   * The stored change tokens against the last sealed point. ahead: changes in between would be lost; void: the
   * source does not answer for them any more.
   */
  readonly tokens: 'right' | 'ahead' | 'void';
  /** What the finding `freshVolumes` names: some volumes, or none. */
  readonly fresh: boolean;
  /** How many points were sealed since the rollback snapshots were taken. */
  readonly sealedSince: 0 | 1 | 2;
  /** The volumes stand at the rollback point: the kept delta must be folded again. */
  readonly behind: boolean;
  /** The last recovery point is not one moment of the source, or was lost. */
  readonly spoilt: boolean;
  readonly sourceRunning: boolean;
  /** What the source did before we touched it. */
  readonly sourceWas: 'running' | 'stopped';
  /** The operator switched the source off and will switch it on again himself. */
  readonly operatorStopped: boolean;
  readonly targetRunning: boolean;
  readonly accepted: boolean;
  /** The operator approved a plan in which the volumes go. */
  readonly volumesMayGo: boolean;
}

export const FIRST_WORLD: World = {
  ours: NameSet.none,
  volume: 'blank',
  sealed: 0,
  everSealed: false,
  received: 'closed',
  foreign: 'none',
  destination: 'volume',
  plan: 'none',
  tainted: false,
  tokens: 'right',
  fresh: false,
  sealedSince: 0,
  behind: false,
  spoilt: false,
  sourceRunning: true,
  sourceWas: 'running',
  operatorStopped: false,
  targetRunning: false,
  accepted: false,
  volumesMayGo: false,
};

/** Whether volume, sealed deltas and a kept delta that is needed again are the last sealed recovery point. */
export function pointStands({ spoilt, behind, volume, sealed, ours }: World): boolean {
  if (spoilt || (behind && !ours.has('keptDelta'))) return false;
  return volume === 'good' || (volume === 'mixed' && (sealed > 0 || behind));
}

/**
 * The same world for every purpose, without what nothing can depend on any more: keeps the walk small.
 * @param copying a cycle is under way: what the exports have received still matters.
 */
export function withoutNoise(world: World, found: NameSet, copying: boolean): World {
  const closed = world.received === 'closed';
  const idle = !copying && !closed;
  const fresh = world.fresh && found.has('freshVolumes');
  const tokens = found.has('changeTokens') ? world.tokens : 'right';
  // How many deltas there are is asked only when volumes are put back.
  const counts = world.ours.has('rollbackPoint');
  const sealedSince = counts ? world.sealedSince : 0;
  const sealed = counts || world.sealed === 0 ? world.sealed : 1;
  const noisy =
    (idle && (world.received !== 'nothing' || world.plan !== 'none' || world.tainted)) ||
    (closed && (world.plan !== 'none' || world.tainted || world.destination !== 'volume')) ||
    ((closed || idle) && world.foreign !== 'none') ||
    fresh !== world.fresh ||
    tokens !== world.tokens ||
    sealed !== world.sealed ||
    sealedSince !== world.sealedSince;
  if (!noisy) return world;
  return {
    ...world,
    ...(idle ? { received: 'nothing', foreign: 'none', plan: 'none', tainted: false } : {}),
    ...(closed ? { foreign: 'none', plan: 'none', tainted: false, destination: 'volume' } : {}),
    fresh,
    tokens,
    sealed,
    sealedSince,
  };
}

/** What still counts when nothing ever follows. */
export function atTheEnd(world: World): World {
  const { ours, sourceRunning, sourceWas, operatorStopped, targetRunning, accepted } = world;
  return { ...FIRST_WORLD, ours, sourceRunning, sourceWas, operatorStopped, targetRunning, accepted };
}

const spelt = new WeakMap<World, string>();

/** Equal for equal worlds. */
export function keyOfWorld(world: World): string {
  const known = spelt.get(world);
  if (known !== undefined) return known;
  const text = Object.values(world)
    .map((value: unknown) => (value instanceof NameSet ? value.id : String(value)))
    .join(',');
  spelt.set(world, text);
  return text;
}

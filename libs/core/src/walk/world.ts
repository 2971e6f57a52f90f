import type { ResourceName } from '../steps/facts.js';

/*
 * What is really the case, whatever our findings and our ledger say. The walk moves this world by the physics of
 * each step and compares it with what we believe. Points of time are relative: only how the disks stand to the
 * last sealed recovery point matters.
 */
export interface World {
  /** Things of ours that exist on other people's platforms. */
  readonly ours: ReadonlySet<ResourceName>;
  /**
   * good: one sealed recovery point; mixed: a fold has begun and not ended; torn: half written in place;
   * dirtied: a guest wrote to it.
   */
  readonly volume: 'blank' | 'torn' | 'good' | 'mixed' | 'dirtied';
  /** Sealed deltas that are not folded (2 means two or more). */
  readonly sealed: 0 | 1 | 2;
  /** What the open exports have received; crossed: from two moments of the source. */
  readonly received: 'closed' | 'nothing' | 'part' | 'all' | 'crossed';
  readonly destination: 'volume' | 'delta';
  readonly plan: 'none' | 'full' | 'full-without-holes' | 'incremental';
  /** What is being received can never become the snapshot, whatever is copied now. */
  readonly tainted: boolean;
  /** The stored change tokens against the last sealed point; ahead: changes in between would be lost. */
  readonly tokens: 'right' | 'ahead';
  /** Some volumes were created by the latest try and never written. */
  readonly fresh: boolean;
  /** Whether the rollback snapshots hold a recovery point, and how many points were sealed since. */
  readonly rollback: 'none' | 'right' | 'wrong';
  readonly sealedSince: 0 | 1 | 2;
  /** The final delta still exists although it was folded. */
  readonly kept: boolean;
  /** A recovery point was sealed, or lost, so that it no longer is one moment of the source. */
  readonly spoilt: boolean;
  readonly sourceRunning: boolean;
  /** The operator switched the source off and will switch it on again himself. */
  readonly operatorStopped: boolean;
  readonly targetRunning: boolean;
  readonly accepted: boolean;
  /** The operator approved a plan in which the volumes go. */
  readonly volumesMayGo: boolean;
}

export const FIRST_WORLD: World = {
  ours: new Set(),
  volume: 'blank',
  sealed: 0,
  received: 'closed',
  destination: 'volume',
  plan: 'none',
  tainted: false,
  tokens: 'right',
  fresh: false,
  rollback: 'none',
  sealedSince: 0,
  kept: false,
  spoilt: false,
  sourceRunning: true,
  operatorStopped: false,
  targetRunning: false,
  accepted: false,
  volumesMayGo: false,
};

/** Whether volume plus sealed deltas are the last sealed recovery point. */
export function pointStands(world: World): boolean {
  if (world.spoilt) return false;
  return world.volume === 'good' || (world.volume === 'mixed' && world.sealed > 0);
}

/**
 * The same world for every purpose, without what nothing can depend on any more: keeps the walk small.
 * @param copying a cycle is under way: what the exports have received still matters.
 */
export function withoutNoise(world: World, found: ReadonlySet<string>, copying: boolean): World {
  const closed = world.received === 'closed';
  const idle = !copying && !closed;
  const noisy =
    (idle && (world.received !== 'nothing' || world.plan !== 'none' || world.tainted)) ||
    (closed && (world.plan !== 'none' || world.tainted || world.destination !== 'volume')) ||
    (world.fresh && !found.has('freshVolumes')) ||
    (world.tokens !== 'right' && !found.has('changeTokens')) ||
    (world.sealedSince !== 0 && world.rollback === 'none');
  if (!noisy) return world;
  return {
    ...world,
    ...(idle ? { received: 'nothing', plan: 'none', tainted: false } : {}),
    ...(closed ? { plan: 'none', tainted: false, destination: 'volume' } : {}),
    fresh: world.fresh && found.has('freshVolumes'),
    tokens: found.has('changeTokens') ? world.tokens : 'right',
    sealedSince: world.rollback === 'none' ? 0 : world.sealedSince,
  };
}

const spelt = new WeakMap<World, string>();

export function keyOfWorld(world: World): string {
  const known = spelt.get(world);
  if (known !== undefined) return known;
  const text = Object.values(world)
    .map((value: unknown) => (value instanceof Set ? [...value].sort().join('+') : String(value)))
    .join(',');
  spelt.set(world, text);
  return text;
}

import type { World } from './world.js';

export interface Effect {
  /** What holds once the step has begun, should it get no further. */
  readonly begun?: (world: World, at: Belief) => World;
  /** What holds once it has ended; `undefined`: it cannot end well in this world. */
  readonly ended?: (world: World, at: Belief) => World | undefined;
}
export interface Belief {
  readonly known: ReadonlySet<string>;
  readonly capabilities: ReadonlySet<string>;
  /** What was ours before the step began. */
  readonly had: ReadonlySet<string>;
  /** Reports that a rule was broken; the sentence is the rule's name. */
  readonly breach: (rule: string) => void;
}

const more = (count: 0 | 1 | 2): 1 | 2 => (count === 0 ? 1 : 2);

const beginFold = (world: World, at: Belief): World => {
  if (world.sealed === 0) return world;
  if (world.volume !== 'good' && world.volume !== 'mixed') at.breach('a delta is folded only into its point');
  return { ...world, volume: 'mixed' };
};
const endFold = (world: World): World =>
  world.sealed === 0
    ? world
    : { ...world, volume: world.volume === 'mixed' ? 'good' : world.volume, sealed: 0 };

const exclusive = (world: World, at: Belief): void => {
  if (world.ours.has('attachment') || (world.received !== 'closed' && world.destination === 'volume')) {
    at.breach('a volume is attached to one machine, and never exported while attached elsewhere');
  }
};
const onlyHere = (world: World, at: Belief): void => {
  if (world.ours.has('machine') || world.accepted) {
    at.breach('a volume is attached to one machine, and never exported while attached elsewhere');
  }
};

/** Their effect is a write in the transaction that stores their end: it never stands without our note of it. */
export const IN_ONE_TRANSACTION = ['seal-recovery-point', 'accept-machine', 'keep-volumes'];

/** The physics of every step that does more than acquire and release. One reading of how copying works. */
export const PHYSICS: Readonly<Record<string, Effect>> = {
  'create-volumes': {
    ended: (w, at) => ({ ...w, fresh: !at.had.has('volumes') }),
  },
  'attach-volumes': { begun: (w, at) => (onlyHere(w, at), w) },
  'open-exports': {
    begun: (w, at) => {
      const destination = at.known.has('recoveryPoint') ? 'delta' : 'volume';
      if (destination === 'volume') onlyHere(w, at);
      return { ...w, received: 'nothing', destination, tainted: false };
    },
  },
  'take-snapshot': {
    // A second snapshot after some of the first was copied: two moments in one export.
    ended: (w, at) => {
      const crossed = !at.had.has('snapshot') && (w.received === 'part' || w.received === 'all');
      return crossed ? { ...w, received: 'crossed' } : w;
    },
  },
  'decide-work': {
    ended: (w, at) => {
      const tracked = at.capabilities.has('source.changedBlocks');
      const incremental = tracked && at.known.has('changeTokens') && at.known.has('recoveryPoint');
      const withoutHoles =
        at.capabilities.has('target.zeroedVolumes') && at.known.has('freshVolumes') && w.fresh;
      const plan = incremental ? 'incremental' : withoutHoles ? 'full-without-holes' : 'full';
      const wrongBase = plan === 'incremental' && (w.tokens === 'ahead' || !pointUnder(w));
      const wrongHoles = plan === 'full-without-holes' && w.volume !== 'blank';
      return { ...w, plan, tainted: wrongBase || wrongHoles };
    },
  },
  'copy-disks': {
    begun: (w, at) => {
      if (!w.ours.has('snapshot')) at.breach('a copy reads a snapshot that exists');
      if (!w.ours.has('exports')) at.breach('a copy writes through a lease');
      const received = w.received === 'crossed' ? 'crossed' : 'part';
      return w.destination === 'volume'
        ? { ...w, received, volume: 'torn', fresh: false }
        : { ...w, received };
    },
    ended: (w) => (w.received === 'crossed' ? w : { ...w, received: 'all' }),
  },
  // The allocation map tells a half-written or twice-opened delta from a whole one, but not a wrong plan.
  'check-written': { ended: (w) => (w.received === 'all' ? w : undefined) },
  'seal-recovery-point': {
    ended: (w, at) => {
      if (w.received !== 'all') at.breach('only a whole cycle is sealed');
      const spoilt = w.spoilt || w.tainted || w.received !== 'all';
      const sealedSince = w.rollback === 'none' ? 0 : more(w.sealedSince);
      const closed = { ...w, received: 'closed', plan: 'none', tokens: 'right', sealedSince } as const;
      return w.destination === 'volume'
        ? { ...closed, volume: 'good', sealed: 0, spoilt: w.tainted || w.received !== 'all' }
        : { ...closed, sealed: more(w.sealed), spoilt };
    },
  },
  'close-exports': { ended: (w) => ({ ...w, received: 'closed', plan: 'none' }) },
  'fold-deltas': { begun: beginFold, ended: endFold },
  'fold-all-deltas': { begun: beginFold, ended: endFold },
  'fold-keeping-delta': {
    begun: (w, at) => {
      if (w.sealed === 2) at.breach('one delta leads from the rollback point to the final point');
      return beginFold(w, at);
    },
    ended: (w) => ({ ...endFold(w), kept: true }),
  },
  'fold-kept-delta': { begun: beginFold, ended: (w) => ({ ...endFold(w), kept: false }) },
  'discard-kept-delta': {
    begun: (w, at) => {
      if (w.sealed > 0 && at.known.has('recoveryPoint')) at.breach('nothing copied is deleted by a failure');
      return w;
    },
    ended: (w) => ({ ...w, kept: false }),
  },
  'take-rollback-point': {
    ended: (w) => {
      if (w.rollback !== 'none') return w;
      return { ...w, rollback: w.volume === 'good' && w.sealed === 0 ? 'right' : 'wrong', sealedSince: 0 };
    },
  },
  'drop-rollback-point': { ended: (w) => ({ ...w, rollback: 'none', sealedSince: 0 }) },
  'stop-source': { begun: (w) => ({ ...w, sourceRunning: false }) },
  'confirm-source-stopped': { ended: (w) => ({ ...w, sourceRunning: false, operatorStopped: true }) },
  'start-source': {
    begun: (w, at) => {
      if (w.targetRunning) at.breach('source and target never run together');
      if (w.accepted) at.breach('source and target never run together');
      return w;
    },
    ended: (w) => ({ ...w, sourceRunning: true }),
  },
  'detach-volumes': {
    begun: (w, at) => {
      if (w.received !== 'closed' && w.destination === 'volume') {
        at.breach('a volume is detached only when nothing exports it');
      }
      return w;
    },
  },
  'create-machine': {
    begun: (w, at) => {
      exclusive(w, at);
      if (w.volume !== 'good' || w.sealed !== 0 || w.spoilt)
        at.breach('a machine is built only from a whole point');
      return w;
    },
  },
  'start-machine': {
    begun: (w, at) => {
      if (w.sourceRunning) at.breach('source and target never run together');
      return { ...w, targetRunning: true, volume: 'dirtied' };
    },
  },
  'stop-machine': { ended: (w) => ({ ...w, targetRunning: false }) },
  'remove-machine': {
    begun: (w, at) => {
      if (w.accepted) at.breach('an accepted machine is never removed');
      return w;
    },
    ended: (w) => ({ ...w, targetRunning: false }),
  },
  'revert-volumes': {
    begun: (w, at) => {
      exclusive(w, at);
      onlyHere(w, at);
      return { ...w, volume: 'torn' };
    },
    ended: (w) => {
      // The deltas that lead from the rollback point to the last sealed point must still be there.
      const deltas = w.sealed + (w.kept ? 1 : 0);
      const whole = w.rollback === 'right' && deltas === w.sealedSince;
      return { ...w, volume: 'good', sealed: w.sealedSince, kept: false, tokens: 'right', spoilt: !whole };
    },
  },
  'remove-volumes': {
    begun: (w, at) => {
      if (!w.volumesMayGo) at.breach('nothing copied is deleted by a failure');
      if (w.accepted) at.breach('an accepted machine is never removed');
      return w;
    },
    ended: (w) => ({ ...w, volume: 'blank', sealed: 0 }),
  },
  'keep-volumes': {
    begun: (w, at) => {
      const owed = at.known.has('recoveryPoint');
      if (owed && (w.volume !== 'good' || w.sealed > 0)) at.breach('the operator is left whole volumes');
      return w;
    },
  },
};

function pointUnder(world: World): boolean {
  return !world.spoilt && (world.volume === 'good' || (world.volume === 'mixed' && world.sealed > 0));
}

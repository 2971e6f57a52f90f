import { fails, more, type Belief, type Effect, type Failure } from './effect.js';
import { pointStands, type World } from './world.js';

export const exclusive = (world: World, at: Belief): void => {
  if (world.ours.has('machine') || world.accepted) {
    at.breach('a volume is attached to one machine, and never exported while attached elsewhere');
  }
};

export const beginFold = (world: World, at: Belief): World => {
  if (world.sealed === 0) return world;
  if ((world.volume !== 'good' && world.volume !== 'mixed') || world.behind) {
    at.breach('a delta is folded only into its point');
  }
  return { ...world, volume: 'mixed' };
};

export const endFold = (world: World): World => {
  if (world.sealed === 0) return world;
  return { ...world, volume: world.volume === 'mixed' ? 'good' : world.volume, sealed: 0 };
};

/** A volume that is exported itself is not folded into, detached or snapshotted: the room refuses. */
export const ifNotExported = (world: World, then: () => World | Failure): World | Failure =>
  world.ours.has('exports') && world.destination === 'volume' ? fails('volume.in-use') : then();

const FOLD: Effect = { begun: beginFold, ended: (w) => ifNotExported(w, () => endFold(w)) };

/** What preparing and a cycle do. */
export const CYCLE_PHYSICS: Readonly<Record<string, Effect>> = {
  'describe-vm': {},
  'enable-change-tracking': { makes: ['tracking'] },
  // Found again is not fresh: an earlier try may have written it.
  'create-volumes': { makes: ['volumes'], begun: (w) => ({ ...w, fresh: !w.ours.has('volumes') }) },
  'attach-volumes': { makes: ['attachment'], begun: (w, at) => (exclusive(w, at), w) },
  // What an earlier try of this very cycle received stays, unless it was rejected: the journal says what of it counts.
  'open-exports': {
    makes: ['exports'],
    begun: (w, at) => {
      const destination = w.everSealed ? 'delta' : 'volume';
      if (destination === 'volume') exclusive(w, at);
      const goesOn = w.received === 'part' || w.received === 'all';
      return { ...w, received: goesOn ? 'part' : 'nothing', destination, tainted: false };
    },
  },
  'take-snapshot': {
    makes: ['snapshot'],
    begun: (w) => {
      const mixes = !w.ours.has('snapshot') && (w.received === 'part' || w.received === 'all');
      if (!mixes) return w;
      const changesOnly = w.plan === 'incremental' && w.foreign !== 'everything';
      return { ...w, received: 'nothing', foreign: changesOnly ? 'changes' : 'everything' };
    },
  },
  'decide-work': {
    ended: (w, at) => {
      const tracked = at.capabilities.has('source.changedBlocks');
      const incremental = tracked && at.known.has('changeTokens') && at.known.has('recoveryPoint');
      const withoutHoles =
        at.capabilities.has('target.zeroedVolumes') &&
        w.destination === 'volume' &&
        at.known.has('freshVolumes') &&
        w.fresh;
      const plan = incremental ? 'incremental' : withoutHoles ? 'full-without-holes' : 'full';
      const wrongBase = plan === 'incremental' && (w.tokens === 'ahead' || !pointStands(w));
      const wrongHoles = plan === 'full-without-holes' && w.volume !== 'blank';
      return { ...w, plan, tainted: wrongBase || wrongHoles };
    },
  },
  'copy-disks': {
    begun: (w, at) => {
      if (!w.ours.has('exports')) at.breach('a copy writes through a lease');
      const received = w.received === 'rejected' ? 'rejected' : 'part';
      if (w.destination === 'delta') return { ...w, received };
      return { ...w, received, volume: 'torn' };
    },
    ended: (w) => {
      if (!w.ours.has('snapshot')) return fails('snapshot.failed');
      if (w.plan === 'incremental' && w.tokens === 'void') return fails('tracking.reset');
      // A full copy writes every byte, and changes since the same token only grow: both cover what was there before.
      const covers =
        w.plan === 'full' || w.foreign === 'none' || (w.plan === 'incremental' && w.foreign === 'changes');
      const received = w.received === 'rejected' ? 'rejected' : 'all';
      return { ...w, received, foreign: 'none', tainted: w.tainted || !covers };
    },
  },
  // It tells a half-written delta from a whole one, but not a wrong plan.
  'check-written': { ended: (w) => (w.received === 'all' ? w : fails('copy.incomplete')) },
  'seal-recovery-point': {
    inOneTransaction: true,
    removes: ['exports'],
    ended: (w, at) => {
      if (w.received !== 'all') at.breach('only a whole cycle is sealed');
      const wrong = w.tainted || w.received !== 'all';
      const isFull = w.plan !== 'incremental';
      const sealedSince = w.ours.has('rollbackPoint') ? more(w.sealedSince) : 0;
      const closed = { ...w, received: 'closed', tokens: 'right', everSealed: true, sealedSince } as const;
      if (w.destination === 'volume') return { ...closed, volume: 'good', sealed: 0, spoilt: wrong };
      // A full delta covers whatever lies beneath it.
      const volume = isFull && !(w.volume === 'good' && !w.behind) ? 'mixed' : w.volume;
      return { ...closed, volume, sealed: more(w.sealed), spoilt: wrong || (!isFull && w.spoilt) };
    },
  },
  'drop-snapshot': { removes: ['snapshot'] },
  // Also discards what was received and not sealed.
  'close-exports': { removes: ['exports'], ended: (w) => ({ ...w, received: 'closed' }) },
  'verify-sample': {},
  'fold-deltas': FOLD,
  'fold-all-deltas': FOLD,
  'disable-change-tracking': { removes: ['tracking'] },
  'detach-volumes': { removes: ['attachment'], ended: (w) => ifNotExported(w, () => w) },
  'remove-volumes': {
    removes: ['volumes', 'attachment'],
    begun: (w, at) => {
      if (!w.volumesMayGo) at.breach('nothing copied is deleted by a failure');
      if (w.accepted) at.breach('an accepted machine is never removed');
      return w;
    },
    ended: (w) => {
      if (w.ours.has('exports') || w.ours.has('rollbackPoint')) return fails('request.conflict');
      return { ...w, volume: 'blank', sealed: 0, everSealed: false };
    },
  },
  'keep-volumes': {
    inOneTransaction: true,
    removes: ['volumes'],
    ended: (w, at) => {
      const isWhole = w.volume === 'good' && w.sealed === 0 && !w.behind;
      if (at.known.has('recoveryPoint') && !isWhole) at.breach('the operator is left whole volumes');
      return w;
    },
  },
};

import { beginFold, endFold, exclusive, ifNotExported } from './cycle-physics.js';
import { fails, type Belief, type Effect } from './effect.js';
import type { World } from './world.js';

const notWhileDown = (world: World, at: Belief): World => {
  const weTookItDown = world.sourceWas === 'running' && !world.sourceRunning;
  if (weTookItDown && !world.targetRunning) {
    at.breach('nothing as long as the disks runs while both machines are down');
  }
  return world;
};

const readyForTheWayBack = (world: World, at: Belief): void => {
  const canReturn = world.ours.has('rollbackPoint') && at.known.has('rollbackPoint');
  if (!at.known.has('verified') || (at.capabilities.has('target.volumeSnapshots') && !canReturn)) {
    at.breach('the source is stopped only when the way back is ready');
  }
};

/** What a live failover, its way back and its commit do. */
export const FAILOVER_PHYSICS: Readonly<Record<string, Effect>> = {
  'run-pre-flight': {},
  'verify-recovery-point': { begun: notWhileDown },
  'take-rollback-point': {
    makes: ['rollbackPoint'],
    begun: (w, at) => {
      const sealedSince = w.ours.has('rollbackPoint') ? w.sealedSince : w.sealed;
      return { ...notWhileDown(w, at), sealedSince };
    },
    // The room snapshots only volumes that hold one common point.
    ended: (w) => ifNotExported(w, () => (w.volume === 'good' ? w : fails('request.conflict'))),
  },
  'stop-source': {
    makes: ['sourceHold'],
    begun: (w, at) => {
      readyForTheWayBack(w, at);
      return { ...w, sourceRunning: false };
    },
  },
  'confirm-source-stopped': {
    begun: (w, at) => (readyForTheWayBack(w, at), w),
    ended: (w) => ({ ...w, sourceRunning: false, operatorStopped: w.sourceWas === 'running' }),
  },
  'verify-final-ranges': {},
  'fold-keeping-delta': { makes: ['keptDelta'], begun: beginFold, ended: endFold },
  'create-machine': {
    makes: ['machine'],
    begun: (w, at) => {
      if (w.ours.has('attachment') || (w.ours.has('exports') && w.destination === 'volume')) {
        at.breach('a volume is attached to one machine, and never exported while attached elsewhere');
      }
      const isWhole = w.volume === 'good' && w.sealed === 0 && !w.spoilt && !w.behind;
      if (!isWhole) at.breach('a machine is built only from a whole point');
      return w;
    },
  },
  'start-machine': {
    begun: (w, at) => {
      if (w.sourceRunning) at.breach('source and target never run together on live networks');
      return { ...w, targetRunning: true, volume: 'dirtied' };
    },
  },
  'check-boot': {},
  'stop-machine': { ended: (w) => ({ ...w, targetRunning: false }) },
  'remove-machine': {
    removes: ['machine'],
    begun: (w, at) => {
      if (w.accepted) at.breach('an accepted machine is never removed');
      return w;
    },
    ended: (w) => ({ ...w, targetRunning: false }),
  },
  // Detaches first. The kept delta stays where it is: volume (N) plus it is the last recovery point (N+1).
  'revert-volumes': {
    removes: ['attachment'],
    begun: (w, at) => (exclusive(w, at), { ...w, volume: 'torn' }),
    ended: (w) => {
      if (!w.ours.has('rollbackPoint')) return fails('resource.not-found');
      const deltas = w.sealed + (w.ours.has('keptDelta') ? 1 : 0);
      const behind = w.sealedSince > w.sealed;
      return { ...w, volume: 'good', behind, tokens: 'right', spoilt: deltas !== w.sealedSince };
    },
  },
  // What was being folded when a crash came is finished too. The delta's file stays.
  'fold-kept-delta': {
    begun: (w, at) => {
      if (!w.behind) return w;
      if (w.volume !== 'good' && w.volume !== 'mixed') at.breach('a delta is folded only into its point');
      return { ...w, volume: 'mixed' };
    },
    ended: (w) => {
      const folded = w.behind || w.volume === 'mixed';
      return folded ? { ...w, volume: 'good', behind: false, sealed: 0 } : w;
    },
  },
  'discard-kept-delta': {
    removes: ['keptDelta'],
    begun: (w, at) => {
      if (w.behind) at.breach('nothing copied is deleted by a failure');
      return w;
    },
  },
  'drop-rollback-point': { removes: ['rollbackPoint'] },
  'start-source': {
    removes: ['sourceHold'],
    begun: (w, at) => {
      if (w.targetRunning || w.accepted) at.breach('source and target never run together on live networks');
      return w;
    },
    ended: (w, at) => {
      // What we never knew we cannot return to: then it is started.
      const wasStopped =
        (at.known.has('sourceHold') || at.known.has('preFlight')) && w.sourceWas === 'stopped';
      return { ...w, sourceRunning: !wasStopped };
    },
  },
  'accept-machine': {
    inOneTransaction: true,
    removes: ['machine', 'volumes', 'sourceHold'],
  },
};

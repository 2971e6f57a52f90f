import { STEPS } from '../steps/steps.js';
import type { ResourceName } from '../steps/facts.js';
import type { NameSet } from './name-set.js';
import { fails, type Failure } from './effect.js';

/** What is really the case while a test failover runs beside the cycles of its VM. */
export interface SharedWorld {
  /** Things of the test that exist. */
  readonly ours: NameSet;
  /** mixed: a fold has begun and not ended; lost: the volumes are no recovery point of the VM any more. */
  readonly volume: 'good' | 'mixed' | 'lost';
  /** Whether sealed deltas wait for their fold. */
  readonly sealed: boolean;
  /** A fold of the cycles runs now; it has the room's lock. */
  readonly folding: boolean;
  /** Whether the snapshots are one recovery point. */
  readonly snapshots: 'none' | 'one point' | 'torn';
}

export interface TestEffect {
  readonly makes?: readonly ResourceName[];
  readonly removes?: readonly ResourceName[];
  /** Waits for the room's lock, which a fold has while it runs. */
  readonly locks?: true;
  readonly begun?: (world: SharedWorld) => SharedWorld;
  readonly ended?: (world: SharedWorld) => SharedWorld | Failure;
}

const goneBefore = (resource: ResourceName): TestEffect => ({
  ended: (w) => (w.ours.has(resource) ? fails('resource.busy') : w),
});

/** Told from the handlers and the volumes room. */
export const TEST_PHYSICS: Readonly<Record<string, TestEffect>> = {
  'hold-folds': {
    makes: ['hold'],
    locks: true,
    begun: (w) => (w.sealed ? { ...w, volume: 'mixed' } : w),
    ended: (w) => ({ ...w, volume: 'good', sealed: false }),
  },
  'snapshot-volumes': {
    makes: ['testSnapshots'],
    locks: true,
    ended: (w) => {
      // The room refuses volumes that hold no common point; only a hold keeps them at one while snapshots are taken.
      if (w.volume !== 'good') return fails('request.conflict');
      return { ...w, snapshots: w.ours.has('hold') ? 'one point' : 'torn' };
    },
  },
  'release-hold': { removes: ['hold'] },
  'make-copies': { makes: ['testVolumes'] },
  'make-isolated-network': { makes: ['testNetwork'] },
  'create-test-machine': { makes: ['testMachine'] },
  'start-test-machine': {},
  'judge-boot': {},
  'stop-test-machine': {},
  'remove-test-machine': { removes: ['testMachine'] },
  'remove-copies': { ...goneBefore('testMachine'), removes: ['testVolumes'] },
  'remove-test-network': { ...goneBefore('testMachine'), removes: ['testNetwork'] },
  'remove-test-snapshots': { ...goneBefore('testVolumes'), removes: ['testSnapshots'] },
};

/** Steps that write to the volumes of a VM, move them or give them away. */
export const STEPS_ON_VOLUMES: readonly (keyof typeof STEPS)[] = [
  'fold-deltas',
  'fold-all-deltas',
  'fold-keeping-delta',
  'fold-kept-delta',
  'revert-volumes',
  'detach-volumes',
  'create-machine',
  'start-machine',
  'accept-machine',
  'remove-volumes',
  'keep-volumes',
];

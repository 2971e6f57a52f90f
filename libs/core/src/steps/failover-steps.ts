import { defineSteps } from './step-definition.js';

/** A live failover, its way back and its commit; the final cycle uses the cycle's own steps. */
export const FAILOVER_STEPS = defineSteps({
  'run-pre-flight': {
    label: 'Checking everything that could stop this failover',
    weight: 2,
    consumes: ['vmId', 'recoveryPoint', 'volumes'],
    produces: ['preFlight'],
  },
  'fold-all-deltas': {
    label: 'Bringing the volumes up to the last recovery point',
    weight: 5,
    consumes: ['recoveryPoint', 'volumes', 'attachment'],
    yieldsTo: ['hold'],
    finishesDespiteCancel: true,
  },
  'verify-recovery-point': {
    label: 'Reading the whole recovery point back while the source still runs',
    weight: 30,
    consumes: ['recoveryPoint', 'volumes', 'attachment'],
    produces: ['verified'],
    retryCost: 'The whole recovery point is read again; the source runs on meanwhile.',
  },
  'take-rollback-point': {
    label: 'Taking snapshots of the volumes for the way back',
    weight: 4,
    consumes: ['recoveryPoint', 'volumes', 'attachment'],
    acquires: ['rollbackPoint'],
    requires: 'target.volumeSnapshots',
  },
  'stop-source': {
    label: 'Shutting the source machine down',
    weight: 8,
    consumes: ['vm', 'preFlight'],
    acquires: ['sourceHold'],
    requires: 'source.power',
    retryCost: 'The guest is asked again, or shut it down by hand.',
  },
  'confirm-source-stopped': {
    label: 'Confirming that the source machine is off',
    weight: 1,
    consumes: ['vm'],
  },
  'verify-final-ranges': {
    label: 'Reading the final ranges back',
    weight: 3,
    consumes: ['recoveryPoint'],
  },
  'fold-keeping-delta': {
    label: 'Folding the final delta into the volumes',
    weight: 4,
    consumes: ['recoveryPoint', 'volumes', 'attachment'],
    acquires: ['keptDelta'],
    yieldsTo: ['hold'],
    finishesDespiteCancel: true,
  },
  'create-machine': {
    label: 'Creating the target machine',
    weight: 6,
    consumes: ['vm', 'volumes', 'recoveryPoint'],
    acquires: ['machine'],
  },
  // From its first second the guest writes to its disks: what was copied can no longer be topped up.
  'start-machine': {
    label: 'Starting the target machine',
    weight: 4,
    consumes: ['machine'],
    invalidates: ['recoveryPoint', 'changeTokens', 'verified'],
  },
  'check-boot': {
    label: 'Judging whether the target machine has booted',
    weight: 8,
    consumes: ['machine'],
    mayRead: ['sourceHold'],
    produces: ['bootVerdict'],
  },
  'stop-machine': {
    label: 'Stopping the target machine',
    weight: 3,
    consumes: [],
    mayRead: ['machine'],
    touches: ['machine'],
  },
  'remove-machine': {
    label: 'Removing the target machine, not its volumes',
    weight: 3,
    consumes: [],
    mayRead: ['machine'],
    releases: ['machine'],
  },
  // The kept delta counts as sealed again: volume (N) plus it is the last recovery point (N+1).
  'revert-volumes': {
    label: 'Returning the volumes to the rollback point',
    weight: 4,
    consumes: ['rollbackPoint', 'volumes'],
    unless: ['recoveryPoint'],
    yieldsTo: ['hold'],
    produces: ['recoveryPoint', 'changeTokens'],
  },
  // The delta itself goes only in the step after it: a crash in between folds it once more, which is right.
  'fold-kept-delta': {
    label: 'Folding the final delta again',
    weight: 5,
    consumes: ['recoveryPoint', 'volumes', 'attachment'],
    touches: ['keptDelta'],
    yieldsTo: ['hold'],
    finishesDespiteCancel: true,
  },
  'discard-kept-delta': {
    label: 'Discarding the kept delta',
    weight: 1,
    consumes: [],
    releases: ['keptDelta'],
  },
  'drop-rollback-point': {
    label: 'Removing the rollback snapshots',
    weight: 2,
    consumes: [],
    mayRead: ['rollbackPoint'],
    releases: ['rollbackPoint'],
  },
  // A crash or a cancel while it was being stopped leaves a debt without a value: then the pre-flight says what it did before.
  'start-source': {
    label: 'Starting the source machine again',
    weight: 3,
    consumes: ['vmId'],
    mayRead: ['sourceHold', 'preFlight'],
    releases: ['sourceHold'],
    requires: 'source.power',
  },
  // From here on the machine and its volumes are the operator's: no later step finds them in our ledger.
  'accept-machine': {
    label: 'Handing the target machine over',
    weight: 1,
    consumes: ['machine', 'volumes'],
    releases: ['machine', 'volumes', 'sourceHold'],
    handsOver: true,
    finishesDespiteCancel: true,
  },
});

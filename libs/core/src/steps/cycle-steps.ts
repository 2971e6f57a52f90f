import { defineSteps } from './step-definition.js';

/** Preparing a VM context, and one cycle. */
export const CYCLE_STEPS = defineSteps({
  'describe-vm': {
    label: 'Reading what the machine is made of',
    weight: 1,
    consumes: ['vmId'],
    produces: ['vm'],
  },
  'enable-change-tracking': {
    label: 'Switching on change tracking at the source',
    weight: 1,
    consumes: ['vm'],
    acquires: ['tracking'],
    requires: 'source.changedBlocks',
  },
  // A volume that is found again may have been written: it is not fresh, whatever the target grants.
  'create-volumes': {
    label: 'Creating one volume per disk',
    weight: 5,
    consumes: ['vm'],
    mayRead: ['volumes'],
    produces: ['freshVolumes'],
    acquires: ['volumes'],
  },
  'attach-volumes': {
    label: 'Attaching the volumes to this appliance',
    weight: 3,
    consumes: ['volumes'],
    acquires: ['attachment'],
  },
  // A ledger row without a value (after a crash, or dropped by a fault): what is there is discarded and opened afresh.
  'open-exports': {
    label: 'Taking the write leases and opening one export per disk',
    weight: 1,
    consumes: ['vm', 'volumes', 'attachment'],
    mayRead: ['recoveryPoint'],
    invalidates: ['cyclePlan', 'copied', 'written'],
    acquires: ['exports'],
  },
  'take-snapshot': {
    label: 'Taking a snapshot of the source machine',
    weight: 2,
    consumes: ['vm'],
    invalidates: ['cyclePlan', 'copied', 'written'],
    acquires: ['snapshot'],
  },
  'decide-work': {
    label: 'Deciding per disk what must be copied',
    weight: 1,
    consumes: ['vm', 'snapshot', 'exports'],
    mayRead: ['recoveryPoint', 'changeTokens', 'freshVolumes'],
    produces: ['cyclePlan'],
  },
  // The journal's identity names the snapshot and the export or delta: a fresh one of either starts a fresh journal.
  'copy-disks': {
    label: 'Copying the disks',
    weight: 80,
    consumes: ['vm', 'snapshot', 'exports', 'cyclePlan'],
    invalidates: ['freshVolumes', 'copied', 'written'],
    produces: ['copied'],
    onFault: {
      'tracking.reset': ['cyclePlan', 'changeTokens'],
      'disk.identity-changed': ['vm', 'cyclePlan', 'changeTokens', 'exports'],
      'snapshot.failed': ['snapshot', 'exports'],
      'volume.lease-lost': ['exports'],
    },
    retryCost: 'Goes on from the journal: finished ranges are neither read nor written again.',
  },
  'check-written': {
    label: 'Comparing what was written with the journal',
    weight: 1,
    consumes: ['exports', 'cyclePlan', 'copied'],
    produces: ['written'],
    onFault: { 'copy.incomplete': ['exports', 'copied'] },
    retryCost: 'The cycle is copied again.',
  },
  // One transaction (`call.joinEnd`): recovery point, change tokens, digests, generation. The exports are closed before it.
  'seal-recovery-point': {
    label: 'Sealing the recovery point',
    weight: 1,
    consumes: ['vm', 'snapshot', 'exports', 'cyclePlan', 'copied', 'written'],
    mayRead: ['recoveryPoint'],
    produces: ['recoveryPoint', 'changeTokens'],
    releases: ['exports'],
    finishesDespiteCancel: true,
  },
  'drop-snapshot': {
    label: 'Removing the snapshot at the source',
    weight: 2,
    consumes: ['vmId'],
    mayRead: ['snapshot'],
    releases: ['snapshot'],
  },
  // Also discards what was received and not sealed.
  'close-exports': {
    label: 'Closing the exports',
    weight: 1,
    consumes: [],
    mayRead: ['exports'],
    releases: ['exports'],
  },
  'verify-sample': {
    label: 'Reading a sample back',
    weight: 3,
    consumes: ['recoveryPoint'],
    deferrable: true,
  },
  'fold-deltas': {
    label: 'Folding the sealed deltas into the volumes',
    weight: 6,
    consumes: ['recoveryPoint', 'volumes', 'attachment'],
    yieldsTo: ['hold'],
    deferrable: true,
    finishesDespiteCancel: true,
    retryCost: 'The fold is run again from its start; the delta is kept until it has ended.',
  },
  'disable-change-tracking': {
    label: 'Switching change tracking off at the source',
    weight: 1,
    consumes: ['vmId'],
    releases: ['tracking'],
    requires: 'source.changedBlocks',
  },
  'detach-volumes': {
    label: 'Detaching the volumes from this appliance',
    weight: 3,
    consumes: [],
    mayRead: ['volumes'],
    releases: ['attachment'],
    yieldsTo: ['hold'],
  },
  // Data that was copied goes only by a plan that the operator approved.
  'remove-volumes': {
    label: 'Removing the volumes, as approved',
    weight: 3,
    consumes: ['volumesMayGo'],
    mayRead: ['volumes'],
    invalidates: ['recoveryPoint', 'changeTokens'],
    releases: ['volumes'],
  },
  'keep-volumes': {
    label: 'Leaving the volumes to the operator',
    weight: 1,
    consumes: [],
    mayRead: ['volumes'],
    releases: ['volumes'],
    handsOver: true,
  },
});

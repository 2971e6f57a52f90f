import { defineSteps } from './step-definition.js';

/** A test failover: originals, source and schedules are not touched, and cycles go on into deltas. */
export const TEST_FAILOVER_STEPS = defineSteps({
  // Folds what is sealed and flushes first: under the hold the volumes are one recovery point.
  'hold-folds': {
    label: 'Pausing folds at a recovery point',
    weight: 5,
    consumes: ['recoveryPoint', 'volumes'],
    acquires: ['hold'],
    finishesDespiteCancel: true,
  },
  'snapshot-volumes': {
    label: 'Taking snapshots of the volumes',
    weight: 10,
    consumes: ['volumes', 'hold'],
    acquires: ['testSnapshots'],
    requires: 'target.volumeSnapshots',
  },
  'release-hold': {
    label: 'Letting folds go on',
    weight: 1,
    consumes: [],
    releases: ['hold'],
  },
  'make-copies': {
    label: 'Making test volumes from the snapshots',
    weight: 20,
    consumes: ['testSnapshots'],
    acquires: ['testVolumes'],
    requires: 'target.volumeSnapshots',
  },
  'make-isolated-network': {
    label: 'Making an isolated network',
    weight: 5,
    consumes: [],
    acquires: ['testNetwork'],
    requires: 'target.isolatedNetworks',
  },
  'create-test-machine': {
    label: 'Creating the test machine',
    weight: 10,
    consumes: ['vm', 'testVolumes'],
    mayRead: ['testNetwork'],
    acquires: ['testMachine'],
  },
  'start-test-machine': {
    label: 'Starting the test machine',
    weight: 5,
    consumes: ['testMachine'],
  },
  'judge-boot': {
    label: 'Judging whether the test machine has booted',
    weight: 30,
    consumes: ['testMachine'],
    produces: ['bootVerdict'],
  },
  'stop-test-machine': {
    label: 'Stopping the test machine',
    weight: 3,
    consumes: [],
    mayRead: ['testMachine'],
    touches: ['testMachine'],
  },
  'remove-test-machine': {
    label: 'Removing the test machine',
    weight: 3,
    consumes: [],
    mayRead: ['testMachine'],
    releases: ['testMachine'],
  },
  'remove-copies': {
    label: 'Removing the test volumes',
    weight: 5,
    consumes: [],
    mayRead: ['testVolumes'],
    releases: ['testVolumes'],
  },
  'remove-test-network': {
    label: 'Removing the isolated network',
    weight: 2,
    consumes: [],
    mayRead: ['testNetwork'],
    releases: ['testNetwork'],
  },
  'remove-test-snapshots': {
    label: 'Removing the snapshots of the volumes',
    weight: 5,
    consumes: [],
    mayRead: ['testSnapshots'],
    releases: ['testSnapshots'],
  },
});

import type { Job, JobStep, VmContext } from '@ossea/api-contract';
import type { Tone } from '../../ui/state-label';

export interface Said {
  readonly words: string;
  readonly tone: Tone;
}

const CONTEXT_STATES: Readonly<Record<string, Said>> = {
  discovered: { words: 'Discovered', tone: 'neutral' },
  managed: { words: 'Not replicated yet', tone: 'neutral' },
  preparing: { words: 'Preparing', tone: 'working' },
  replicating: { words: 'Replicating', tone: 'working' },
  cancelling: { words: 'Cancelling the cycle', tone: 'working' },
  'in-sync': { words: 'In sync', tone: 'good' },
  'cutting-over': { words: 'Failing over', tone: 'working' },
  'awaiting-commit': { words: 'Waiting for commit', tone: 'waiting' },
  committing: { words: 'Committing', tone: 'working' },
  'rolling-back': { words: 'Rolling back', tone: 'working' },
  migrated: { words: 'Migrated', tone: 'good' },
  faulted: { words: 'Failed', tone: 'bad' },
  'needs-attention': { words: 'Needs attention', tone: 'bad' },
  unwinding: { words: 'Leaving management', tone: 'working' },
  released: { words: 'Released', tone: 'ended' },
};

const FAULTED_WHILE: Readonly<Record<string, string>> = {
  preparing: 'while preparing',
  replicating: 'while replicating',
  cancelling: 'while cancelling',
  'cutting-over': 'while failing over',
  'rolling-back': 'while rolling back',
  committing: 'while committing',
  unwinding: 'while leaving management',
};

/** The state of a machine in words; a state that this console does not know is shown by its name. */
export function sayContextState({ state, origin }: Pick<VmContext, 'state' | 'origin'>): Said {
  const said = CONTEXT_STATES[state] ?? { words: humanise(state), tone: 'neutral' };
  const during = origin === undefined ? undefined : FAULTED_WHILE[origin];
  return during === undefined ? said : { ...said, words: `${said.words} ${during}` };
}

const JOB_STATES: Readonly<Record<Job['state'], Said>> = {
  queued: { words: 'Queued', tone: 'waiting' },
  running: { words: 'Running', tone: 'working' },
  succeeded: { words: 'Succeeded', tone: 'good' },
  failed: { words: 'Failed', tone: 'bad' },
  cancelled: { words: 'Cancelled', tone: 'ended' },
};

export function sayJobState(job: Pick<Job, 'state' | 'cancelRequested'>): Said {
  if (job.state === 'running' && job.cancelRequested) return { words: 'Cancelling', tone: 'working' };
  return JOB_STATES[job.state];
}

const JOB_KINDS: Readonly<Record<string, string>> = {
  replicate: 'Replication cycle',
  verify: 'Verification',
  release: 'End of management',
  'test-failover': 'Test failover',
  'clean-up-test': 'Clean-up of the test',
  'live-failover': 'Live failover',
  'roll-back': 'Roll back',
  commit: 'Commit',
};

export const sayJobKind = (kind: string): string => JOB_KINDS[kind] ?? humanise(kind);

const STEP_STATES: Readonly<Record<JobStep['state'], string>> = {
  running: 'running',
  succeeded: 'done',
  failed: 'failed',
  skipped: 'not needed',
  deferred: 'put off: the volume is in use',
  cancelled: 'cancelled',
};

export const sayStepState = (state: JobStep['state']): string => STEP_STATES[state];

const TEST_STATES: Readonly<Record<string, Said>> = {
  requested: { words: 'Test failover requested', tone: 'waiting' },
  testing: { words: 'Test failover running', tone: 'working' },
  'awaiting-clean-up': { words: 'Test machine is up, clean up when done', tone: 'waiting' },
  'cleaning-up': { words: 'Test failover being cleaned up', tone: 'working' },
  faulted: { words: 'Test failover failed, clean up', tone: 'bad' },
  'needs-attention': { words: 'Test failover needs attention', tone: 'bad' },
};

/** An open test failover in words. */
export const sayTestState = (state: string): Said =>
  TEST_STATES[state] ?? { words: `Test failover: ${humanise(state).toLowerCase()}`, tone: 'neutral' };

const REASONS: Readonly<Record<string, string>> = {
  'first-cycle': 'first cycle',
  'changes-known': 'changes known since the last point',
  'no-change-tracking': 'the source does not track changes',
  'no-change-token': 'no change token was kept',
  'tracking-reset': 'change tracking was reset',
  'host-changed': 'another host',
  'vm-changed': 'another machine',
  'disk-new': 'new disk',
  'backing-changed': 'the disk behind it changed',
  'capacity-changed': 'its size changed',
  'target-changed': 'the target was written',
  'asked-for': 'asked for',
};

export const sayReason = (reason: string): string => REASONS[reason] ?? humanise(reason).toLowerCase();

export const sayCycleKind = (kind: 'full' | 'incremental'): string =>
  kind === 'full' ? 'Full' : 'Incremental';

function humanise(name: string): string {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

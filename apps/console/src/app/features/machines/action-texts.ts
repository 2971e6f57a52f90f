import type { ActionId } from '../../platform/api/machines-api';

/** What a user confirms. */
export interface ActionText {
  readonly title: string;
  readonly effects: readonly string[];
  readonly confirm: string;
  /** Live machines change: the dialog looks different, and the machine's name must be typed. */
  readonly isLive: boolean;
  /** Checks that the appliance makes before. */
  readonly preflight: 'test' | 'live' | undefined;
}

const harmless = { isLive: false, preflight: undefined } as const;

export const ACTION_TEXTS: Readonly<Record<ActionId, ActionText>> = {
  replicate: {
    ...harmless,
    title: 'Replicate now',
    effects: [
      'A snapshot of the source machine is taken and removed again; the machine keeps running.',
      'What changed since the last recovery point is copied. The first cycle, or one without known changes, copies everything.',
    ],
    confirm: 'Replicate now',
  },
  retry: {
    ...harmless,
    title: 'Retry',
    effects: ['The work goes on at the step that failed. What was copied is not copied again.'],
    confirm: 'Retry',
  },
  test: {
    isLive: false,
    preflight: 'test',
    title: 'Test failover',
    effects: [
      'A copy of the last recovery point boots at the target under another name, in an isolated network.',
      'The source machine, its volumes and its cycles are not touched.',
      'The test machine stays until you clean it up.',
    ],
    confirm: 'Start the test',
  },
  'clean-up': {
    ...harmless,
    title: 'Clean up the test',
    effects: [
      'The test machine, its volumes, its snapshots and its network are removed.',
      'The source machine and the replicated volumes are not touched.',
    ],
    confirm: 'Clean up',
  },
  live: {
    isLive: true,
    preflight: 'live',
    title: 'Live failover',
    effects: [
      'The last recovery point is read back while the source still runs.',
      'The source machine is shut down: downtime begins. Its last changes are copied.',
      'The machine starts at the target: downtime ends.',
      'Until you commit, you can roll back to the source as it was.',
    ],
    confirm: 'Fail over now',
  },
  'roll-back': {
    isLive: true,
    preflight: undefined,
    title: 'Roll back',
    effects: [
      'The target machine is stopped and removed. What it wrote since the failover is lost.',
      'The source machine is started again where the failover stopped it.',
      'The replicated volumes stay.',
    ],
    confirm: 'Roll back',
  },
  commit: {
    isLive: true,
    preflight: undefined,
    title: 'Commit',
    effects: [
      'The target machine is yours. There is no way back to the source after this.',
      'Change tracking at the source ends; snapshots for the way back are removed.',
      'The source machine is not deleted, and the history is kept.',
    ],
    confirm: 'Commit',
  },
  cancel: {
    ...harmless,
    title: 'Cancel the job',
    effects: [
      'The job stops at the next safe point and gives back what it holds.',
      'Recovery points and what was copied stay.',
    ],
    confirm: 'Cancel the job',
  },
};

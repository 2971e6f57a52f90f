import type { FailoverRun, Job, VmContext } from '@ossea/api-contract';
import type { ActionId } from '../../platform/api/machines-api';
import { sayContextState } from './words';

export interface Action {
  readonly id: ActionId;
  readonly label: string;
  /** Why it is not possible now. */
  readonly impossible: string | undefined;
}

export interface Situation {
  readonly context: VmContext;
  /** Jobs of the machine that have not ended. */
  readonly running: readonly Job[];
  /** The test failover that is not cleaned up. */
  readonly openTest: FailoverRun | undefined;
}

const LABELS: Readonly<Record<ActionId, string>> = {
  replicate: 'Replicate now',
  retry: 'Retry',
  test: 'Test failover',
  'clean-up': 'Clean up test',
  live: 'Live failover',
  'roll-back': 'Roll back',
  commit: 'Commit',
  cancel: 'Cancel job',
};

/** Jobs of a test run beside the machine's own. */
export const isTestJob = (job: Pick<Job, 'kind'>): boolean =>
  job.kind === 'test-failover' || job.kind === 'clean-up-test' || job.kind === 'verify';

/** What can be done with a machine: the everyday actions always, with the reason where one is not possible now. */
export function actionsFor(situation: Situation): readonly Action[] {
  const { context, running, openTest } = situation;
  const shown: Action[] = [];
  const show = (id: ActionId, impossible?: string) => shown.push({ id, label: LABELS[id], impossible });

  if (context.state === 'awaiting-commit') {
    show('commit');
    show('roll-back');
  }
  if (context.state === 'faulted' || context.state === 'needs-attention') {
    show('retry', whyBusy(situation));
    if (context.state === 'faulted' && context.origin === 'cutting-over')
      show('roll-back', whyBusy(situation));
  }
  show('replicate', whyNoCycle(situation));
  show('test', whyNoTest(situation));
  if (openTest) show('clean-up', running.some(isTestJob) ? 'A job of the test runs.' : undefined);
  show('live', whyNoLive(situation));
  if (running.length > 0)
    show(
      'cancel',
      running.every((job) => job.cancelRequested) ? 'The job is being cancelled already.' : undefined,
    );
  return shown;
}

/** Nothing is left of a test in these states. */
export const isTestOver = (run: FailoverRun): boolean =>
  run.state === 'cleaned-up' || run.state === 'left-behind';

function whyBusy({ running }: Situation): string | undefined {
  return running.some((job) => !isTestJob(job)) ? 'A job of this machine runs.' : undefined;
}

function whyNoCycle(situation: Situation): string | undefined {
  const { state, origin } = situation.context;
  const isOurFault = state === 'faulted' && (origin === 'preparing' || origin === 'replicating');
  if (state === 'managed' || state === 'in-sync' || isOurFault) return whyBusy(situation);
  return notWhile(situation.context);
}

function whyNoTest({ context, openTest }: Situation): string | undefined {
  if (!context.lastCycle) return 'There is no recovery point yet. Replicate first.';
  if (openTest) return 'The last test failover is not cleaned up.';
  const { state, origin } = context;
  const isResting = state === 'in-sync' || state === 'replicating' || state === 'cancelling';
  const isOurFault =
    (state === 'faulted' || state === 'needs-attention') &&
    (origin === 'replicating' || origin === 'cancelling');
  return isResting || isOurFault ? undefined : notWhile(context);
}

function whyNoLive(situation: Situation): string | undefined {
  const { context, openTest } = situation;
  if (!context.lastCycle) return 'There is no recovery point yet. Replicate first.';
  if (context.state !== 'in-sync') return notWhile(context);
  if (openTest) return 'The test failover must be cleaned up first.';
  return whyBusy(situation);
}

const notWhile = (context: VmContext): string =>
  `Not possible while the machine is in the state "${sayContextState(context).words}".`;

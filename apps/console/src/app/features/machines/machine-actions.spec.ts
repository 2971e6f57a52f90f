import type { FailoverRun } from '@ossea/api-contract';
import { AT, contextSample, idOf, jobSample, lastCycleSample } from '../../../testing/samples';
import { actionsFor } from './machine-actions';

const openTest: FailoverRun = {
  id: idOf('fov', 1),
  contextId: idOf('ctx', 1),
  jobId: idOf('job', 1),
  kind: 'test',
  state: 'awaiting-clean-up',
  startedAt: AT,
};

/** What is offered, and of it what is possible now. */
function possible(context: object, { running = [jobSample()].slice(1), test = false } = {}): string[] {
  const actions = actionsFor({
    context: contextSample({ lastCycle: lastCycleSample, ...context }),
    running,
    openTest: test ? openTest : undefined,
  });
  return actions.filter(({ impossible }) => impossible === undefined).map(({ id }) => id);
}

describe('actions', () => {
  it('offers what the state of the machine takes', () => {
    expect(possible({ state: 'managed', lastCycle: undefined })).toEqual(['replicate']);
    expect(possible({ state: 'in-sync' })).toEqual(['replicate', 'test', 'live']);
    expect(possible({ state: 'awaiting-commit' })).toEqual(['commit', 'roll-back']);
    expect(possible({ state: 'faulted', origin: 'cutting-over' })).toEqual(['retry', 'roll-back']);
    expect(possible({ state: 'faulted', origin: 'replicating' })).toEqual(['retry', 'replicate', 'test']);
    expect(possible({ state: 'migrated' })).toEqual([]);
  });

  it('lets a test run beside a cycle, and a running job be cancelled once', () => {
    expect(possible({ state: 'replicating' }, { running: [jobSample()] })).toEqual(['test', 'cancel']);
    const cancelling = [jobSample({ cancelRequested: true })];
    expect(possible({ state: 'replicating' }, { running: cancelling })).toEqual(['test']);
  });

  it('keeps a live failover back until the test is cleaned up', () => {
    expect(possible({ state: 'in-sync' }, { test: true })).toEqual(['replicate', 'clean-up']);
  });
});

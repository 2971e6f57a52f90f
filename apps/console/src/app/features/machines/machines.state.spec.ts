import {
  envelopeSample,
  idOf,
  jobSample,
  pointSample,
  progressSample,
  snapshotSample,
  stepSample,
} from '../../../testing/samples';
import type { FeedMessage } from '../../platform/live/feed-messages';
import { NOTHING_KNOWN, afterMessage, withJobs, withPoints, type MachinesState } from './machines.state';

const JOB = idOf('job', 1);
const CONTEXT = idOf('ctx', 1);
const event = (type: string, data: object) =>
  ({ kind: 'event', event: envelopeSample(1, type, data) }) as unknown as FeedMessage;
const after = (state: MachinesState, ...messages: FeedMessage[]) =>
  messages.reduce((now, message) => afterMessage(now, message, 1_000), state);

describe('machines state', () => {
  it('forgets measured bytes when their job ends, and takes none of a job that has ended', () => {
    const running = after(
      NOTHING_KNOWN,
      event('job.started', { job: jobSample() }),
      event('cycle.progressed', progressSample()),
    );
    expect(running.measured.get(CONTEXT)?.progress.bytesDone).toBe(26_214_400);
    const ended = after(
      running,
      event('job.ended', { job: jobSample({ state: 'succeeded' }) }),
      event('cycle.progressed', progressSample()),
    );
    expect(ended.measured.size).toBe(0);
    expect(ended.throughput.get(CONTEXT)?.samples).toHaveLength(1);
  });

  it('begins a new series of measurements with each job', () => {
    const next = idOf('job', 2);
    const state = after(
      NOTHING_KNOWN,
      event('cycle.progressed', progressSample()),
      event('cycle.progressed', progressSample()),
      event('cycle.progressed', progressSample({ jobId: next })),
    );
    expect(state.throughput.get(CONTEXT)).toMatchObject({ jobId: next, samples: [{}] });
  });

  it('does not let an old answer undo what the feed has told since', () => {
    const told = after(
      NOTHING_KNOWN,
      event('job.step-ended', { jobId: JOB, step: stepSample({ state: 'succeeded' }) }),
      event('job.ended', { job: jobSample({ state: 'failed' }) }),
    );
    const state = withJobs(told, [jobSample({ state: 'running', steps: [stepSample()] })]);
    expect(state.jobs.get(JOB)?.state).toBe('failed');
    expect(state.steps.get(JOB)).toMatchObject([{ state: 'succeeded' }]);
  });

  it('puts a sealed point on top and marks all older ones when one is folded', () => {
    const known = withPoints(NOTHING_KNOWN, CONTEXT, [pointSample(2), pointSample(1)]);
    const state = after(
      known,
      event('point.sealed', { point: pointSample(3) }),
      event('point.folded', { contextId: CONTEXT, sequence: 2 }),
    );
    const points = state.points.get(CONTEXT)?.map(({ sequence, state }) => `${sequence} ${state}`);
    expect(points).toEqual(['3 sealed', '2 folded', '1 folded']);
  });

  it('takes a snapshot as the whole truth about machines', () => {
    const gone = after(NOTHING_KNOWN, event('cycle.progressed', progressSample()));
    const state = after(gone, { kind: 'snapshot', snapshot: snapshotSample(1) } as FeedMessage);
    expect(state.contexts?.size).toBe(0);
    expect(state.measured.size).toBe(0);
  });
});

import {
  ENDED_JOB_STATES,
  type CycleProgress,
  type FailoverRun,
  type Job,
  type JobStep,
  type RecoveryPoint,
  type VmContext,
} from '@ossea/api-contract';
import type { FeedMessage, LiveEvent, Snapshot } from '../../platform/live/feed-messages';

/** Measured bytes, and when this console heard of them by its own clock. */
export interface Measured {
  readonly progress: CycleProgress;
  readonly heardAtMs: number;
}

export interface RateSample {
  readonly atMs: number;
  readonly bytesPerSecond: number;
}

/** What was measured of the cycle that runs, or ran last, while this page was open. */
export interface Throughput {
  readonly jobId: string;
  readonly samples: readonly RateSample[];
}

/** What is known of all machines. Every part is replaced, never changed. */
export interface MachinesState {
  /** Absent until the first snapshot. */
  readonly contexts: ReadonlyMap<string, VmContext> | undefined;
  /** Without steps. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** By job, ordered by `seq`. */
  readonly steps: ReadonlyMap<string, readonly JobStep[]>;
  /** By machine, while its copy runs. */
  readonly measured: ReadonlyMap<string, Measured>;
  readonly throughput: ReadonlyMap<string, Throughput>;
  /** By machine, newest first; only of machines that were looked at. */
  readonly points: ReadonlyMap<string, readonly RecoveryPoint[]>;
  readonly failovers: ReadonlyMap<string, readonly FailoverRun[]>;
}

export const NOTHING_KNOWN: MachinesState = {
  contexts: undefined,
  jobs: new Map(),
  steps: new Map(),
  measured: new Map(),
  throughput: new Map(),
  points: new Map(),
  failovers: new Map(),
};

/** Older jobs of a machine are asked for when somebody looks at them. */
const KEPT_JOBS = 20;
/** About ten minutes at four a second. */
const MAX_SAMPLES = 2_400;

/** The state after a message of the feed. */
export function afterMessage(state: MachinesState, message: FeedMessage, nowMs: number): MachinesState {
  if (message.kind === 'snapshot') return afterSnapshot(state, message.snapshot, nowMs);
  return message.kind === 'event' ? afterEvent(state, message.event, nowMs) : state;
}

/** The state after an answer about jobs; where it brings steps they are taken in. */
export function withJobs(state: MachinesState, jobs: readonly Job[]): MachinesState {
  const known = new Map(state.jobs);
  let next = state;
  for (const { steps, ...job } of jobs) {
    const before = known.get(job.id);
    // An answer may be older than a fact that came meanwhile.
    if (!before || !hasEnded(before)) known.set(job.id, job);
    for (const step of steps ?? []) next = withStep(next, job.id, step);
  }
  return { ...next, jobs: known };
}

export const withPoints = (state: MachinesState, contextId: string, points: readonly RecoveryPoint[]) => ({
  ...state,
  points: put(state.points, contextId, points),
});

export const withFailovers = (state: MachinesState, contextId: string, runs: readonly FailoverRun[]) => ({
  ...state,
  failovers: put(state.failovers, contextId, runs),
});

export const hasEnded = (job: Pick<Job, 'state'>): boolean => ENDED_JOB_STATES.includes(job.state);

function afterSnapshot(state: MachinesState, snapshot: Snapshot, nowMs: number): MachinesState {
  const contexts = new Map(snapshot.contexts.map((context) => [context.id, context]));
  const measured = new Map(
    snapshot.progress.map((progress) => [progress.contextId, { progress, heardAtMs: nowMs }]),
  );
  return withJobs({ ...state, contexts, measured }, snapshot.jobs);
}

function afterEvent(state: MachinesState, event: LiveEvent, nowMs: number): MachinesState {
  switch (event.type) {
    case 'context.added':
    case 'context.changed': {
      const { context } = event.data;
      return { ...state, contexts: put(state.contexts ?? new Map(), context.id, context) };
    }
    case 'job.started':
    case 'job.cancel-requested':
      return withJobs(state, [event.data.job]);
    case 'job.ended':
      return afterJobEnd(state, event.data.job);
    case 'job.step-began':
    case 'job.step-ended':
      return withStep(state, event.data.jobId, event.data.step);
    case 'job.progressed': {
      const job = state.jobs.get(event.data.jobId);
      if (!job || hasEnded(job)) return state;
      return { ...state, jobs: put(state.jobs, job.id, { ...job, percent: event.data.percent }) };
    }
    case 'cycle.progressed':
      return withMeasure(state, event.data, Date.parse(event.time), nowMs);
    case 'point.sealed': {
      const { point } = event.data;
      const others = state.points.get(point.contextId)?.filter(({ sequence }) => sequence !== point.sequence);
      return others ? withPoints(state, point.contextId, [point, ...others]) : state;
    }
    case 'point.folded': {
      const { contextId, sequence } = event.data;
      const points = state.points.get(contextId);
      if (!points) return state;
      // Oldest first, so all older ones are in the volumes too.
      const folded = points.map((point) =>
        point.sequence <= sequence ? { ...point, state: 'folded' as const } : point,
      );
      return withPoints(state, contextId, folded);
    }
    case 'failover.changed': {
      const { run } = event.data;
      const others = (state.failovers.get(run.contextId) ?? []).filter(({ id }) => id !== run.id);
      return withFailovers(state, run.contextId, [run, ...others]);
    }
    default:
      return state;
  }
}

function afterJobEnd(state: MachinesState, job: Job): MachinesState {
  const measured = new Map(state.measured);
  if (job.contextId !== undefined && measured.get(job.contextId)?.progress.jobId === job.id)
    measured.delete(job.contextId);
  return withoutOldJobs(withJobs({ ...state, measured }, [job]), job.contextId);
}

function withoutOldJobs(state: MachinesState, contextId: string | undefined): MachinesState {
  const ended = [...state.jobs.values()].filter((job) => job.contextId === contextId && hasEnded(job));
  if (contextId === undefined || ended.length <= KEPT_JOBS) return state;
  const jobs = new Map(state.jobs);
  const steps = new Map(state.steps);
  for (const { id } of ended.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(KEPT_JOBS)) {
    jobs.delete(id);
    steps.delete(id);
  }
  return { ...state, jobs, steps };
}

function withStep(state: MachinesState, jobId: string, step: JobStep): MachinesState {
  const steps = state.steps.get(jobId) ?? [];
  const before = steps.find(({ seq }) => seq === step.seq);
  if (before && before.state !== 'running' && step.state === 'running') return state;
  const others = steps.filter(({ seq }) => seq !== step.seq);
  const next = [...others, step].sort((a, b) => a.seq - b.seq);
  return { ...state, steps: put(state.steps, jobId, next) };
}

function withMeasure(
  state: MachinesState,
  progress: CycleProgress,
  atMs: number,
  heardAtMs: number,
): MachinesState {
  const job = state.jobs.get(progress.jobId);
  if (job && hasEnded(job)) return state;
  const { contextId, jobId, bytesPerSecond } = progress;
  const before = state.throughput.get(contextId);
  const earlier = before?.jobId === jobId ? before.samples : [];
  const samples = [...earlier, { atMs, bytesPerSecond }].slice(-MAX_SAMPLES);
  return {
    ...state,
    measured: put(state.measured, contextId, { progress, heardAtMs }),
    throughput: put(state.throughput, contextId, { jobId, samples }),
  };
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

import type { Job, VmContext } from '@ossea/api-contract';
import { hasEnded, type MachinesState } from './machines.state';
import { sayContextState, type Said } from './words';

/** A rate is shown while it is being measured; afterwards it would be a memory. */
const RATE_IS_FRESH_MS = 3_000;

/** What runs for a machine now, as measured. */
export interface RunningCycle {
  readonly kind: 'full' | 'incremental' | undefined;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesMoved: number | undefined;
  readonly percent: number;
  /** Absent when nothing was measured in the last seconds. */
  readonly bytesPerSecond: number | undefined;
}

/** A machine as the list shows it. */
export interface MachineRow {
  readonly id: string;
  readonly name: string;
  readonly state: Said;
  readonly context: VmContext;
  readonly cycle: RunningCycle | undefined;
  /** The step that runs now, for people. */
  readonly doing: string | undefined;
  readonly job: Job | undefined;
  readonly sealedAt: string | undefined;
  /** For sorting: never sealed comes first. */
  readonly sealedAtMs: number;
  readonly bytesMoved: number | undefined;
  readonly bytesPerSecond: number | undefined;
}

/** @param jobs of this machine, newest first. */
export function machineRow(
  state: MachinesState,
  context: VmContext,
  jobs: readonly Job[],
  nowMs: number,
): MachineRow {
  const job = jobs.find((one) => !hasEnded(one));
  const cycle = cycleOf(state, context.id, nowMs);
  const running = job && state.steps.get(job.id)?.findLast((step) => step.state === 'running');
  const sealedAt = context.lastCycle?.sealedAt;
  return {
    id: context.id,
    name: context.name,
    state: sayContextState(context),
    context,
    cycle,
    job,
    doing: running?.label,
    sealedAt,
    sealedAtMs: sealedAt === undefined ? 0 : Date.parse(sealedAt),
    bytesMoved: cycle ? cycle.bytesMoved : context.lastCycle?.bytesMoved,
    bytesPerSecond: cycle?.bytesPerSecond,
  };
}

/** The known jobs of each machine, newest first. */
export function jobsByMachine(jobs: ReadonlyMap<string, Job>): ReadonlyMap<string, readonly Job[]> {
  const byMachine = new Map<string, Job[]>();
  for (const job of jobs.values()) {
    if (job.contextId === undefined) continue;
    const others = byMachine.get(job.contextId);
    if (others) others.push(job);
    else byMachine.set(job.contextId, [job]);
  }
  for (const some of byMachine.values()) some.sort((a, b) => (a.id < b.id ? 1 : -1));
  return byMachine;
}

function cycleOf(state: MachinesState, contextId: string, nowMs: number): RunningCycle | undefined {
  const measured = state.measured.get(contextId);
  if (!measured) return undefined;
  const { kind, bytesDone, bytesTotal, bytesMoved, bytesPerSecond } = measured.progress;
  const isFresh = nowMs - measured.heardAtMs < RATE_IS_FRESH_MS && bytesDone < bytesTotal;
  return {
    kind,
    bytesDone,
    bytesTotal,
    bytesMoved,
    percent: bytesTotal === 0 ? 100 : Math.min(100, (bytesDone / bytesTotal) * 100),
    bytesPerSecond: isFresh ? bytesPerSecond : undefined,
  };
}

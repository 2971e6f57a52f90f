import type { FailoverRun as RunView } from '@ossea/api-contract';
import type { FailoverRun } from './failover-run.entity.js';

/** A failover as the API and the feed show it. */
export function failoverView(run: FailoverRun): RunView {
  return {
    id: run.id,
    contextId: run.contextId,
    jobId: run.jobId,
    kind: run.kind,
    state: run.state,
    ...(run.pointSequence === null ? {} : { pointSequence: run.pointSequence }),
    ...(run.machineRef === null ? {} : { machineRef: run.machineRef }),
    ...(run.verdict === null ? {} : { verdict: run.verdict }),
    ...(run.downtimeMs === null ? {} : { downtimeMs: run.downtimeMs }),
    startedAt: run.startedAt.toISOString(),
    ...(run.endedAt === null ? {} : { endedAt: run.endedAt.toISOString() }),
  };
}

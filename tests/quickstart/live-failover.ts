import type { Job } from '@ossea/api-contract';
import { freezeAtStart } from '../stack/target-freeze.js';
import { until } from '../stack/probe.js';
import type { Journey } from './journey.js';
import type { CycleReport, LiveFailoverReport } from './journey-report.js';
import { newestRun, targetConsole } from './test-failover.js';

export interface LiveFailover {
  readonly report: LiveFailoverReport;
  /** The cycle of the downtime. */
  readonly cycle: CycleReport;
  /** Whether the target machine writes records now. */
  targetRuns(): Promise<boolean>;
}

/** Stops the source and takes over at the target, with the bytes on both sides compared at the moment between. */
export async function failOverLive(journey: Journey, phase: string): Promise<LiveFailover> {
  const { stack, site, say } = journey;
  const { contextId } = site;
  say(`failing over live (${phase})`);
  const started = await stack.api.post<Job>('/api/v1/failover/live', { contextId });
  const over = new AbortController();
  const ended = stack.api
    .succeeded(started, 900_000)
    .finally(() => over.abort(new Error('the failover ended')));
  const freezing = freezeAtStart(stack, contextId, over.signal);
  // the job's own problem says more than that no machine came
  freezing.catch(() => undefined);
  const job = await ended;
  await using frozen = await freezing;
  if (await site.host.running()) throw new Error('source and target run together');
  const run = await newestRun(stack, contextId, 'live');
  const { finalAcked: acknowledged } = await site.host.console();
  if (acknowledged === undefined) throw new Error('the guest did not shut down in order');
  const sourceSha256 = await site.host.stoppedSha256(stack.scratchDir);
  const cycle = await journey.add(`the downtime of the ${phase}`, 'incremental', {
    job,
    sourceSha256,
    targetSha256: await frozen.sha256(),
  });
  const { last, missing, torn } = await frozen.records();
  const report = {
    booted: run.verdict?.['booted'] === true,
    downtimeSeconds: Math.round((run.downtimeMs ?? 0) / 100) / 10,
    lostRecords: Math.max(0, acknowledged - last) + missing + torn,
    acknowledged,
    present: last,
  };
  say(
    `  down for ${report.downtimeSeconds} s; the source acknowledged record ${acknowledged}, the target holds ${last}`,
  );
  const targetRuns = async () => {
    const before = (await targetConsole(stack, run)).acked ?? 0;
    const later = until(
      'the target writes',
      async () => ((await targetConsole(stack, run)).acked ?? 0) > before,
      {
        timeoutMs: 60_000,
      },
    );
    return later.catch(() => false);
  };
  return { report, cycle, targetRuns };
}

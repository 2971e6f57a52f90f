import type { FailoverRun, FailoverRunPage, Job, LeftBehind } from '@ossea/api-contract';
import type { Site, Stack } from '../stack/launch-stack.js';
import { until } from '../stack/probe.js';
import { witnessedCycle, type WitnessedCycle } from '../stack/witness.js';
import { filesBelow } from '../stack/left-behind.js';

export interface CycleReport {
  readonly kind: 'full' | 'incremental';
  readonly bytesMoved: number;
  readonly bytesChanged: number;
  readonly seconds: number;
  readonly sourceSha256: readonly string[];
  readonly targetSha256: readonly string[];
}

export interface JourneyReport {
  readonly cycles: readonly CycleReport[];
  readonly source: { readonly disks: readonly { readonly sha256: string }[] };
  readonly target: { readonly disks: readonly { readonly sha256: string }[] };
  readonly testFailover: {
    readonly booted: boolean;
    readonly recordNumber: number;
    readonly cyclesMeanwhile: number;
  };
  readonly liveFailover: {
    readonly downtimeSeconds: number;
    readonly lostRecords: number;
    readonly lastAcknowledged: number;
    readonly foundAtTarget: number;
  };
  readonly rollback: { readonly sourceRunning: boolean; readonly cycle: CycleReport };
  readonly commit: { readonly state: string; readonly lostRecords: number };
  readonly leftBehind: readonly string[];
}

interface CycleResult {
  readonly kind: 'full' | 'incremental';
  readonly bytesMoved: number;
  readonly bytesChanged: number;
  readonly durationMs: number;
}

/** The whole journey of one machine: every step through the API, every claim checked against the bytes. */
export async function journey(stack: Stack, site: Site, say: (what: string) => void): Promise<JourneyReport> {
  const cycles: CycleReport[] = [];
  const cycle = async (what: string): Promise<CycleReport> => {
    say(what);
    const report = reportOf(await witnessedCycle(stack, site));
    mustBeEqual(what, report);
    cycles.push(report);
    say(`  ${report.kind}: ${mebibytes(report.bytesMoved)} MiB moved in ${report.seconds} s, digests equal`);
    return report;
  };
  await cycle('replicating in full while the guest keeps writing');
  await cycle('replicating what changed');
  await cycle('replicating what changed once more');
  const testFailover = await testWhileReplicating(stack, site, cycle, say);
  const first = await failOver(stack, site, say);
  say('rolling back to the source');
  const acknowledged = (await site.host.console()).finalAcked ?? 0;
  await stack.api.run('/api/v1/failover/rollback', { contextId: site.contextId });
  await site.host.writing(acknowledged);
  const sourceRunning = await site.host.running();
  const after = await cycle('replicating after the roll back');
  if (after.kind !== 'incremental') throw new Error('the cycle after the roll back was not incremental');
  const last = await failOver(stack, site, say);
  say('committing');
  const committed = await stack.api.run('/api/v1/failover/commit', { contextId: site.contextId });
  const newest = cycles.at(-1)!;
  return {
    cycles,
    source: { disks: newest.sourceSha256.map((sha256) => ({ sha256 })) },
    target: { disks: newest.targetSha256.map((sha256) => ({ sha256 })) },
    testFailover,
    liveFailover: first,
    rollback: { sourceRunning, cycle: after },
    commit: {
      state: String((committed.result as { state?: string } | undefined)?.state),
      lostRecords: last.lostRecords,
    },
    leftBehind: await whatIsLeft(stack),
  };
}

async function testWhileReplicating(
  stack: Stack,
  site: Site,
  cycle: (what: string) => Promise<CycleReport>,
  say: (what: string) => void,
): Promise<JourneyReport['testFailover']> {
  say('testing a failover in an isolated network');
  const { contextId } = site;
  const test = await stack.api.post<Job>('/api/v1/failover/test', { contextId });
  for (const ordinal of ['first', 'second', 'third'])
    await sealedCycle(stack, site, `replicating beside the test, ${ordinal} cycle`, say);
  const tested = await stack.api.ended(test);
  if (tested.state !== 'succeeded') throw new Error(`the test failed: ${JSON.stringify(tested.problem)}`);
  const { verdict } = await newestRun(stack, contextId, 'test');
  const found = foundIn(String(verdict?.['evidence']));
  say(
    `  the copy booted and found record ${found.last}, ${found.complete ? 'none missing' : 'SOME MISSING'}`,
  );
  if (!found.complete) throw new Error('the copy misses records: it is not one moment of the source');
  say('cleaning the test up');
  await stack.api.run('/api/v1/failover/cleanup', { contextId });
  await cycle('replicating after the test: what had waited is folded');
  return { booted: verdict?.['booted'] === true, recordNumber: found.last, cyclesMeanwhile: 3 };
}

/** A cycle that seals while folding may have to wait. */
async function sealedCycle(
  stack: Stack,
  site: Site,
  what: string,
  say: (what: string) => void,
): Promise<void> {
  say(what);
  const { result } = await stack.cycle(site);
  say(`  sealed, ${mebibytes((result as { cycle: CycleResult }).cycle.bytesMoved)} MiB moved`);
}

async function failOver(
  stack: Stack,
  site: Site,
  say: (what: string) => void,
): Promise<JourneyReport['liveFailover']> {
  say('failing over live');
  await stack.api.run('/api/v1/failover/live', { contextId: site.contextId }, 600_000);
  const run = await newestRun(stack, site.contextId, 'live');
  const found = foundIn(String(run.verdict?.['evidence']));
  const { finalAcked } = await site.host.console();
  if (finalAcked === undefined) throw new Error('the guest did not shut down in order');
  const lostRecords = Math.max(0, finalAcked - found.last) + (found.complete ? 0 : 1);
  const downtimeSeconds = Math.round((run.downtimeMs ?? 0) / 100) / 10;
  say(
    `  down for ${downtimeSeconds} s; record ${finalAcked} acknowledged, ${found.last} found at the target`,
  );
  if (await site.host.running()) throw new Error('source and target run together');
  return { downtimeSeconds, lostRecords, lastAcknowledged: finalAcked, foundAtTarget: found.last };
}

async function newestRun(stack: Stack, contextId: string, kind: 'test' | 'live'): Promise<FailoverRun> {
  const { items } = await stack.api.get<FailoverRunPage>(
    `/api/v1/failover/runs?contextId=${contextId}&kind=${kind}&limit=1`,
  );
  if (!items[0]) throw new Error(`there is no ${kind} failover`);
  return items[0];
}

/** What the guest said it found on its disks before it wrote anything. */
function foundIn(evidence: string): { readonly last: number; readonly complete: boolean } {
  const match = /ossea-found last=(\d+) complete=(yes|no)/.exec(evidence);
  if (!match) throw new Error(`the guest's own record number does not stand in "${evidence}"`);
  return { last: Number(match[1]), complete: match[2] === 'yes' };
}

function reportOf({ job, sourceSha256, targetSha256 }: WitnessedCycle): CycleReport {
  const { kind, bytesMoved, bytesChanged, durationMs } = (job.result as { cycle: CycleResult }).cycle;
  return {
    kind,
    bytesMoved,
    bytesChanged,
    seconds: Math.round(durationMs / 100) / 10,
    sourceSha256,
    targetSha256,
  };
}

function mustBeEqual(what: string, { sourceSha256, targetSha256 }: CycleReport): void {
  if (sourceSha256.length > 0 && sourceSha256.join() === targetSha256.join()) return;
  throw new Error(`${what}: the digests differ: ${sourceSha256.join()} and ${targetSha256.join()}`);
}

/** Everything of ours that is still there although the journey is over. */
async function whatIsLeft(stack: Stack): Promise<string[]> {
  await until(
    'the storage daemons have nothing to export',
    async () => (await stack.leftBehind()).exports.length === 0,
  );
  const left: LeftBehind = await stack.leftBehind();
  const overlays = await filesBelow(
    stack.directory,
    /^ossea-.*\.qcow2$|^ossea\.sock$|^ossea-snapshot\.json$/,
  );
  return [
    ...left.exports.map((name) => `export ${name}`),
    ...left.deltas.map(({ id, state }) => `delta ${id} (${state})`),
    ...left.files.map((name) => `spool file ${name}`),
    ...left.leases.map(({ volumeId }) => `lease on ${volumeId}`),
    ...left.holds.map(({ contextId }) => `hold on ${contextId}`),
    ...left.snapshots.map(({ id }) => `volume snapshot ${id}`),
    ...left.ledger.map(({ resource, key }) => `${resource} ${key}`),
    ...overlays.map((path) => `snapshot file ${path}`),
  ];
}

const mebibytes = (bytes: number): number => Math.round(bytes / (1 << 20));

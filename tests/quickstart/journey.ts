import type { Stack } from '../stack/launch-stack.js';
import { filesBelow } from '../stack/left-behind.js';
import type { Site } from '../stack/site.js';
import { cycleOf, foldedSha256, witnessedCycle, type WitnessedCycle } from '../stack/witness.js';
import { until } from '../stack/probe.js';
import { digestsEqual, type CycleReport, type JourneyOutcome, type JourneyReport } from './journey-report.js';
import { failOverLive } from './live-failover.js';
import { testFailover } from './test-failover.js';

export type Say = (what: string) => void;

const RECORD_BYTES = 4096;

/** The journey of one machine: every step through the API, every claim checked against the bytes. */
export class Journey {
  readonly cycles: CycleReport[] = [];

  constructor(
    readonly stack: Stack,
    readonly site: Site,
    readonly say: Say,
  ) {}

  async run(): Promise<JourneyOutcome> {
    const { site, stack, say } = this;
    const pace = await this.beginPace();
    await this.cycle('replicating in full while the guest keeps writing', 'full');
    await this.cycle('replicating what changed', 'incremental');
    await this.cycle('replicating what changed once more', 'incremental');
    const test = await testFailover(this);
    const guestPace = await pace();
    const live = await failOverLive(this, 'first live failover');
    const rollback = await this.rollBack(live.cycle);
    const kept = await failOverLive(this, 'second live failover');
    say('committing');
    await stack.api.run('/api/v1/failover/commit', { contextId: site.contextId });
    const { state, disks } = await stack.context(site.contextId);
    const named = (hashes: readonly string[]) =>
      hashes.map((sha256, index) => ({ disk: disks[index]?.key ?? '', sha256 }));
    const last = this.cycles.at(-1)!;
    return {
      guest: { disks: disks.length, dataBytes: this.cycles[0]!.bytesMoved, ...guestPace },
      cycles: this.cycles,
      source: { disks: named(last.sourceSha256) },
      target: { disks: named(last.targetSha256) },
      testFailover: test,
      liveFailover: live.report,
      rollback,
      commit: {
        ...kept.report,
        state,
        targetRunning: await kept.targetRuns(),
        sourceRunning: await site.host.running(),
      },
      leftBehind: await this.leftBehind(),
    };
  }

  /** A cycle with its witness. Throws unless source and target are the same, and it is of the kind that it must be. */
  async cycle(phase: string, kind: CycleReport['kind']): Promise<CycleReport> {
    this.say(phase);
    return this.add(phase, kind, await witnessedCycle(this.stack, this.site));
  }

  /** Tells a cycle and keeps it for the report. */
  async add(phase: string, kind: CycleReport['kind'], witnessed: WitnessedCycle): Promise<CycleReport> {
    const { job, sourceSha256, targetSha256 } = witnessed;
    const { durationMs, ...cycle } = cycleOf(job);
    const { deltas } = await this.stack.leftBehind();
    const report: CycleReport = {
      phase,
      sequence: cycle.sequence,
      kind: cycle.kind,
      bytesMoved: cycle.bytesMoved,
      bytesChanged: cycle.bytesChanged,
      seconds: Math.round(durationMs / 100) / 10,
      sourceSha256,
      targetSha256,
      deltasLeft: deltas.length,
    };
    this.cycles.push(report);
    if (!digestsEqual(report))
      throw new Error(`${phase}: the digests differ: ${sourceSha256.join()} and ${targetSha256.join()}`);
    if (report.kind !== kind) throw new Error(`${phase}: the cycle was ${report.kind}`);
    const mebibytes = Math.round(report.bytesMoved / (1 << 20));
    this.say(`  ${report.kind}: ${mebibytes} MiB moved in ${report.seconds} s, all digests equal`);
    return report;
  }

  private async rollBack(final: CycleReport): Promise<JourneyReport['rollback']> {
    const { stack, site, say } = this;
    say('rolling back to the source');
    const before = (await site.host.console()).finalAcked ?? 0;
    await stack.api.run('/api/v1/failover/rollback', { contextId: site.contextId });
    const volumes = await foldedSha256(stack, site.contextId, final.sequence);
    const acked = await site.host.writing(before);
    say(`  the source writes again: record ${acked} after ${before}`);
    const next = await this.cycle('replicating after the roll back', 'incremental');
    return {
      sourceRunning: await site.host.running(),
      volumesReverted: volumes.join() === final.sourceSha256.join(),
      nextCycle: { kind: next.kind, digestsEqual: digestsEqual(next) },
    };
  }

  /** Measures how fast the guest writes, from now until the answer is called. */
  private async beginPace(): Promise<
    () => Promise<{ recordsPerSecond: number; bytesWrittenPerSecond: number }>
  > {
    const { host } = this.site;
    const [from, began] = [(await host.console()).acked ?? 0, performance.now()];
    return async () => {
      const written = ((await host.console()).acked ?? 0) - from;
      const recordsPerSecond = Math.round(written / ((performance.now() - began) / 1000));
      return { recordsPerSecond, bytesWrittenPerSecond: recordsPerSecond * RECORD_BYTES };
    };
  }

  /** Everything of ours that is still there although the journey is over. */
  async leftBehind(): Promise<string[]> {
    const { stack } = this;
    await until(
      'the storage daemons have nothing to export',
      async () => (await stack.leftBehind()).exports.length === 0,
    );
    const left = await stack.leftBehind();
    const ours = /^ossea-.*\.qcow2$|^ossea\.sock$|^o-[0-9a-f]+\.(sock|qmp)$|^ossea-snapshot\.json/;
    return [
      ...left.exports.map((name) => `export ${name}`),
      ...left.deltas.map(({ id, state }) => `delta ${id} (${state})`),
      ...left.files.map((name) => `spool file ${name}`),
      ...left.leases.map(({ volumeId }) => `lease on ${volumeId}`),
      ...left.holds.map(({ contextId }) => `hold on ${contextId}`),
      ...left.snapshots.map(({ id }) => `volume snapshot ${id}`),
      ...left.ledger.map(({ resource, key }) => `${resource} ${key}`),
      ...(await filesBelow(stack.directory, ours)).map((path) => `snapshot file ${path}`),
      ...(await stack.target.left()),
    ];
  }
}

/** What `npm run quickstart -- --once --json` prints as its last line. */
export interface JourneyReport {
  readonly database: 'sqlite' | 'mariadb';
  /** Where the machine went to. */
  readonly to: 'qemu' | 'cloudstack';
  readonly seconds: number;
  readonly guest: {
    readonly disks: number;
    /** What the first, full cycle moved: all data that the disks held. */
    readonly dataBytes: number;
    /** Measured over all cycles before the first live failover. */
    readonly recordsPerSecond: number;
    readonly bytesWrittenPerSecond: number;
  };
  /** In their order; every one with the digests of its own source snapshot and of the target after its fold. */
  readonly cycles: readonly CycleReport[];
  /** Of the last cycle. */
  readonly source: { readonly disks: readonly DiskDigest[] };
  readonly target: { readonly disks: readonly DiskDigest[] };
  readonly testFailover: TestFailoverReport;
  readonly liveFailover: LiveFailoverReport;
  readonly rollback: {
    readonly sourceRunning: boolean;
    /** Whether the volumes hold the final cycle again, byte for byte. */
    readonly volumesReverted: boolean;
    readonly nextCycle: { readonly kind: string; readonly digestsEqual: boolean };
  };
  /** The second live failover, which is kept. */
  readonly commit: LiveFailoverReport & {
    readonly state: string;
    readonly targetRunning: boolean;
    readonly sourceRunning: boolean;
  };
  /** Processes, sockets, snapshots, exports, deltas, leases, holds and ledger rows of ours. */
  readonly leftBehind: readonly string[];
}

/** What the journey itself tells; the rest is known by who launched it. */
export type JourneyOutcome = Omit<JourneyReport, 'database' | 'to' | 'seconds'>;

export interface CycleReport {
  readonly phase: string;
  readonly sequence: number;
  readonly kind: 'full' | 'incremental';
  readonly bytesMoved: number;
  readonly bytesChanged: number;
  readonly seconds: number;
  readonly sourceSha256: readonly string[];
  readonly targetSha256: readonly string[];
  /** Deltas that were there after the cycle; a live failover keeps its last one until it is committed. */
  readonly deltasLeft: number;
}

export interface DiskDigest {
  readonly disk: string;
  readonly sha256: string;
}

export interface TestFailoverReport {
  readonly booted: boolean;
  /** The newest record that the copy found on its disks, as the guest says on its console. */
  readonly recordNumber: number;
  readonly nothingMissing: boolean;
  /** How many records the copy has written by itself. */
  readonly recordsWritten: number;
  /** Recovery points that were sealed between its start and its clean-up. */
  readonly pointsMeanwhile: readonly number[];
}

export interface LiveFailoverReport {
  readonly booted: boolean;
  readonly downtimeSeconds: number;
  readonly lostRecords: number;
  /** The last record that the source acknowledged before it went down. */
  readonly acknowledged: number;
  /** The last record on the target's disks before the target machine wrote. */
  readonly present: number;
}

/** What is wrong with a journey; nothing when it is as it must be. */
export function faultsOf(report: JourneyOutcome): string[] {
  const { cycles, testFailover, liveFailover, rollback, commit, leftBehind } = report;
  const [full] = cycles;
  const incremental = cycles.filter(({ kind }) => kind === 'incremental');
  const wrong: [boolean, string][] = [
    [full?.kind !== 'full', 'the first cycle was not full'],
    [incremental.length < 2, 'fewer than two cycles were incremental'],
    ...cycles.map((cycle): [boolean, string] => [
      !digestsEqual(cycle),
      `the digests of cycle ${cycle.sequence} differ`,
    ]),
    ...cycles.map((cycle): [boolean, string] => [
      cycle.deltasLeft > 0 && !cycle.phase.includes('live failover'),
      `cycle ${cycle.sequence} left a delta`,
    ]),
    [!testFailover.booted, 'the test failover did not boot'],
    [!testFailover.nothingMissing, 'the test failover missed records'],
    [testFailover.pointsMeanwhile.length < 3, 'fewer than three cycles were sealed beside the test'],
    [!liveFailover.booted || !commit.booted, 'a live failover did not boot'],
    [liveFailover.lostRecords > 0, `the first live failover lost ${liveFailover.lostRecords} records`],
    [commit.lostRecords > 0, `the second live failover lost ${commit.lostRecords} records`],
    [!rollback.sourceRunning, 'the source did not run after the roll back'],
    [!rollback.volumesReverted, 'the roll back did not return the volumes'],
    [rollback.nextCycle.kind !== 'incremental', 'the cycle after the roll back was not incremental'],
    [commit.state !== 'migrated', `the commit ended in ${commit.state}`],
    [!commit.targetRunning, 'the target did not run after the commit'],
    [commit.sourceRunning, 'the source ran after the commit'],
    ...leftBehind.map((what): [boolean, string] => [true, `left behind: ${what}`]),
  ];
  return wrong.filter(([isWrong]) => isWrong).map(([, what]) => what);
}

export function digestsEqual({ sourceSha256, targetSha256 }: CycleReport): boolean {
  return sourceSha256.length > 0 && sourceSha256.join() === targetSha256.join();
}

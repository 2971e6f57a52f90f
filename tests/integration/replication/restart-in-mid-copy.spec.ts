import { expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { MIB, ReplicationBench, caller } from './replication-bench.js';

it.each(['sqlite', 'mariadb'] as const)(
  'on %s: goes on with the same job after a restart, on the same snapshot, and reads no finished range again',
  async (engine) => {
    await using bench = await ReplicationBench.start(engine);
    await bench.cycle();
    for (let at = 0; at < 7; at += 1) bench.source.write('vda', at * MIB, Buffer.alloc(MIB, 97 + at));
    bench.source.bitsPerSecond = '16M';
    let bytesDone = 0;
    bench.copies.onProgress = (done) => (bytesDone = Math.max(bytesDone, done));
    const job = await bench.replication.replicate(bench.contextId, caller);
    await until('a part is copied', () => bytesDone > 3 * MIB);
    const snapshots = bench.source.snapshotsTaken;
    await bench.close();

    bench.source.bitsPerSecond = '100G';
    await bench.open();
    const ended = await bench.jobs.waitFor(job.id, 60_000);
    expect(ended.problem).toBeUndefined();
    expect(ended.state).toBe('succeeded');
    const { cycle } = ended.result as { cycle: { bytesResumed: number; kind: string } };
    expect(cycle.kind).toBe('incremental');
    expect(cycle.bytesResumed).toBeGreaterThanOrEqual(MIB);
    expect(bench.source.snapshotsTaken).toBe(snapshots);
    expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
    expect(bench.source.open()).toEqual([]);
  },
);

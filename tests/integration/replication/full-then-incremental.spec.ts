import { expect, it } from 'vitest';
import { MIB, ReplicationBench } from './replication-bench.js';

it.each(['sqlite', 'mariadb'] as const)(
  'on %s: replicates in full, then only what changed, and leaves nothing behind',
  async (engine) => {
    await using bench = await ReplicationBench.start(engine);
    const full = await bench.cycle();
    expect(full.problem).toBeUndefined();
    expect(full.state).toBe('succeeded');
    expect(full.result).toMatchObject({ state: 'in-sync', cycle: { kind: 'full', sequence: 1 } });
    expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());

    bench.source.write('vda', 3 * MIB + 77, Buffer.alloc(100_000, 9));
    bench.source.write('vdb', 3 * MIB, Buffer.alloc(512, 3));
    const second = await bench.cycle();
    expect(second.problem).toBeUndefined();
    expect(second.result).toMatchObject({ cycle: { kind: 'incremental', sequence: 2, bytesResumed: 0 } });
    const { bytesMoved } = (second.result as { cycle: { bytesMoved: number } }).cycle;
    expect(bytesMoved).toBeLessThan(MIB / 2);
    expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());

    const { items } = await bench.replication.points(bench.contextId, { limit: 10 });
    expect(items.map(({ sequence, kind, state }) => [sequence, kind, state])).toEqual([
      [2, 'incremental', 'folded'],
      [1, 'full', 'folded'],
    ]);
    expect(items[0]!.disks.map(({ reason }) => reason)).toEqual(['changes-known', 'changes-known']);
    expect(bench.source.open()).toEqual([]);
    const left = await bench.volumes.leftBehind();
    expect([left.exports, left.deltas, left.files, left.leases]).toEqual([[], [], [], []]);
  },
);

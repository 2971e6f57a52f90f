import { expect, it } from 'vitest';
import { FailoverService } from '../../../apps/oma/src/failover/failover.service.js';
import { LedgerEntry } from '../../../apps/oma/src/replication/runs/run.entities.js';
import { ReplicationBench, caller } from '../replication/replication-bench.js';

it('fails over, rolls back to the running source, goes on incrementally, fails over again and commits', async () => {
  await using bench = await ReplicationBench.startWithGuest();
  expect((await bench.cycle()).problem).toBeUndefined();
  bench.source.write('vdb', 120 << 20, Buffer.alloc(300_000, 1));

  const first = await bench.end(await bench.live.start(bench.contextId, caller));
  expect(first.problem).toBeUndefined();
  expect(first.result).toMatchObject({ state: 'awaiting-commit' });
  expect(bench.source.power).toBe('stopped');
  const failovers = bench.app.get(FailoverService, { strict: false });
  const [run] = (await failovers.runs({ contextId: bench.contextId, limit: 1 })).items;
  expect(run).toMatchObject({ state: 'awaiting-commit', verdict: { booted: true } });
  expect(run!.downtimeMs).toBeGreaterThan(0);

  const back = await bench.end(await bench.live.rollBack(bench.contextId, caller));
  expect(back.problem).toBeUndefined();
  expect(back.result).toMatchObject({ state: 'in-sync' });
  expect(bench.source.power).toBe('running');
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
  bench.source.write('vda', 100 << 20, Buffer.alloc(70_000, 2));
  const cycle = await bench.cycle();
  expect(cycle.result).toMatchObject({ cycle: { kind: 'incremental' } });
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());

  const second = await bench.end(await bench.live.start(bench.contextId, caller));
  expect(second.problem).toBeUndefined();
  const committed = await bench.end(await bench.live.commit(bench.contextId, caller));
  expect(committed.problem).toBeUndefined();
  expect((await bench.context()).state).toBe('migrated');
  const ours = await bench.database
    .getRepository(LedgerEntry)
    .findBy([{ state: 'held' }, { state: 'claimed' }]);
  expect(ours).toEqual([]);
  const left = await bench.volumes.leftBehind();
  expect([left.holds, left.snapshots, left.exports, left.deltas, left.files]).toEqual([[], [], [], [], []]);
  expect(
    (await failovers.runs({ contextId: bench.contextId, limit: 5 })).items.map(({ state }) => state),
  ).toEqual(['committed', 'rolled-back']);
  await bench.stopMachines();
});

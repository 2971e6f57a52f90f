import { expect, it } from 'vitest';
import { ReplicationBench, caller } from '../replication/replication-bench.js';

it('boots a copy of the last point in isolation while cycles seal, and cleans everything up', async () => {
  await using bench = await ReplicationBench.startWithGuest();
  expect((await bench.cycle()).problem).toBeUndefined();
  const point = bench.sourceHashes();
  const test = await bench.tests.start(bench.contextId, caller);
  // cycles go on while the test runs; none of them may reach the volumes before the hold is released
  bench.source.write('vdb', 120 << 20, Buffer.alloc(70_000, 1));
  expect((await bench.cycle()).state).toBe('succeeded');
  const tested = await bench.end(test);
  expect(tested.problem).toBeUndefined();
  expect(tested.result).toMatchObject({
    state: 'awaiting-clean-up',
    verdict: { booted: true, evidence: expect.stringMatching(/^ossea-found /) },
  });
  bench.source.write('vdb', 121 << 20, Buffer.alloc(70_000, 2));
  expect((await bench.cycle()).state).toBe('succeeded');
  expect(bench.source.power).toBe('running');
  expect(bench.sourceHashes()).not.toEqual(point);
  await expect(bench.live.start(bench.contextId, caller)).rejects.toMatchObject({ code: 'request.conflict' });
  await expect(bench.tests.start(bench.contextId, caller)).rejects.toMatchObject({
    code: 'request.conflict',
  });

  const cleaned = await bench.end(await bench.tests.cleanUp(bench.contextId, caller));
  expect(cleaned.problem).toBeUndefined();
  expect(cleaned.result).toMatchObject({ state: 'cleaned-up' });
  bench.source.write('vda', 100 << 20, Buffer.alloc(70_000, 3));
  expect((await bench.cycle()).result).toMatchObject({ cycle: { kind: 'incremental' }, deferred: [] });
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
  const left = await bench.volumes.leftBehind();
  expect([left.holds, left.snapshots, left.exports, left.deltas, left.files]).toEqual([[], [], [], [], []]);
});

import { expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { MIB, ReplicationBench, caller } from './replication-bench.js';

it('stops a copy before it answers the cancel, gives everything back, and the next cycle is clean', async () => {
  await using bench = await ReplicationBench.start();
  await bench.cycle();
  const sealed = await bench.volumeHashes();
  for (let at = 0; at < 7; at += 1) bench.source.write('vda', at * MIB, Buffer.alloc(MIB, 65 + at));
  bench.source.bitsPerSecond = '16M';
  let bytesDone = 0;
  bench.copies.onProgress = (done) => (bytesDone = Math.max(bytesDone, done));
  const job = await bench.replication.replicate(bench.contextId, caller);
  await until('a part is copied', () => bytesDone > MIB);
  const cancelled = await bench.jobs.cancel(job.id);
  expect(cancelled.state).toBe('cancelled');
  const after = bytesDone;
  expect((await bench.context()).state).toBe('in-sync');
  expect(bench.source.open()).toEqual([]);
  const left = await bench.volumes.leftBehind();
  expect([left.exports, left.deltas, left.files, left.leases]).toEqual([[], [], [], []]);
  expect(await bench.volumeHashes()).toEqual(sealed);

  bench.source.bitsPerSecond = '100G';
  const next = await bench.cycle();
  expect(next.result).toMatchObject({ cycle: { kind: 'incremental', sequence: 2 } });
  expect(bytesDone).toBeGreaterThanOrEqual(after);
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
});

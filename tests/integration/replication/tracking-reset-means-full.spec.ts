import { MigrationError } from '@ossea/errors';
import { expect, it } from 'vitest';
import { ReplicationBench } from './replication-bench.js';

it('copies in full, into a delta, when the source cannot say what changed, and says why', async () => {
  await using bench = await ReplicationBench.start();
  await bench.cycle();
  bench.source.write('vda', 12_345, Buffer.alloc(5_000, 5));
  bench.source.faults.set('changes', [new MigrationError('tracking.reset', 'Another epoch.')]);
  const job = await bench.cycle();
  expect(job.problem).toBeUndefined();
  expect(job.result).toMatchObject({ cycle: { kind: 'full', sequence: 2 } });
  const { items } = await bench.replication.points(bench.contextId, { limit: 1 });
  expect(items[0]!.disks.map(({ kind, reason }) => [kind, reason])).toEqual([
    ['full', 'no-change-token'],
    ['full', 'no-change-token'],
  ]);
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
  expect((await bench.jobs.get(job.id)).steps?.filter(({ name }) => name === 'copy-disks')).toHaveLength(2);

  bench.source.write('vdb', 0, Buffer.alloc(512, 6));
  expect((await bench.cycle()).result).toMatchObject({ cycle: { kind: 'incremental' } });
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
});

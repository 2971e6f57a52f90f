import { MigrationError } from '@ossea/errors';
import { expect, it } from 'vitest';
import { ReplicationBench } from './replication-bench.js';

const reset = new MigrationError('tracking.reset', 'Another epoch.');

async function reasons(bench: ReplicationBench): Promise<unknown[]> {
  const { items } = await bench.replication.points(bench.contextId, { limit: 1 });
  return items[0]!.disks.map(({ kind, reason }) => [kind, reason]);
}

it('copies just the disk in full whose changes the source cannot tell, into a delta, and says why', async () => {
  await using bench = await ReplicationBench.start();
  await bench.cycle();
  bench.source.write('vda', 12_345, Buffer.alloc(5_000, 5));
  bench.source.faults.set('changes', [reset]);
  const job = await bench.cycle();
  expect(job.problem).toBeUndefined();
  expect(job.result).toMatchObject({ cycle: { kind: 'full', sequence: 2 } });
  expect(await reasons(bench)).toEqual([
    ['full', 'tracking-reset'],
    ['incremental', 'changes-known'],
  ]);
  const { items: said } = await bench.jobs.log(job.id, { limit: 100 });
  expect(said.map(({ attributes }) => attributes)).toContainEqual(
    expect.objectContaining({ disk: 'vda', reason: 'tracking-reset', because: 'Another epoch.' }),
  );
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
  expect((await bench.jobs.get(job.id)).steps?.filter(({ name }) => name === 'copy-disks')).toHaveLength(1);

  bench.source.write('vdb', 0, Buffer.alloc(512, 6));
  expect((await bench.cycle()).result).toMatchObject({ cycle: { kind: 'incremental' } });
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
});

it('copies all disks in full when the source says so in the middle of its answer', async () => {
  await using bench = await ReplicationBench.start();
  await bench.cycle();
  bench.source.write('vda', 12_345, Buffer.alloc(5_000, 5));
  // both disks were asked for a first change before
  bench.source.faults.set('changes', [undefined, undefined, reset]);
  const job = await bench.cycle();
  expect(job.problem).toBeUndefined();
  expect(await reasons(bench)).toEqual([
    ['full', 'tracking-reset'],
    ['full', 'tracking-reset'],
  ]);
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
  expect((await bench.jobs.get(job.id)).steps?.filter(({ name }) => name === 'copy-disks')).toHaveLength(2);
});

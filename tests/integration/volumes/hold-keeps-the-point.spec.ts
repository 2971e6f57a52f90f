import { expect, it } from 'vitest';
import { VolumesBench, call } from './volumes-bench.js';

it('keeps the volumes at one point under a hold while cycles go on, makes copies of it, and folds after it', async () => {
  await using bench = await VolumesBench.start();
  await bench.create();
  await bench.cycle();
  await bench.cycle();
  const point = await bench.volumes.hold(bench.contextId, 'run-1', { ...call, reason: 'a test' });
  expect(point).toBe(2);
  await bench.cycle();
  await expect(bench.fold()).rejects.toMatchObject({ code: 'volume.in-use' });
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(2));

  const snapshots = await bench.volumes.snapshot(bench.contextId, 'test', 'snap-1', call);
  expect(snapshots.generation).toBe(2);
  const copies = await bench.volumes.copiesOf(bench.contextId, snapshots, 'copy-1', call);
  expect(copies.map(({ disk }) => disk)).toEqual(['vda', 'vdb']);
  await bench.volumes.releaseHold(bench.contextId, 'run-1');
  await bench.fold();
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(3));

  await bench.volumes.removeCopies(bench.contextId, 'copy-1', call);
  await bench.volumes.dropSnapshots(bench.contextId, 'snap-1', call);
  expect((await bench.volumes.leftBehind()).snapshots).toEqual([]);
});

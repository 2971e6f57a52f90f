import { expect, it } from 'vitest';
import { VolumesBench, call } from './volumes-bench.js';
import { closeSync, openSync, writeSync } from 'node:fs';

it('returns dirtied volumes to the rollback point, folds the kept delta again, and goes on incrementally', async () => {
  await using bench = await VolumesBench.start();
  await bench.create();
  await bench.cycle();
  const rollback = await bench.volumes.snapshot(bench.contextId, 'rollback', 'rb-1', call);
  await bench.cycle();
  await bench.fold(true);
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(2));
  const dirtied = await bench.volumePath('vda');
  await bench.volumes.detach(bench.contextId, call);
  // a guest writes to the volume
  const file = openSync(dirtied, 'r+');
  writeSync(file, Buffer.alloc(300_000, 0xee), 0, 300_000, 12_345);
  closeSync(file);

  await bench.volumes.revert(rollback, call);
  await bench.volumes.attach(bench.contextId, call);
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(1));
  await bench.volumes.foldKept(bench.contextId, call);
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(2));
  await bench.volumes.discardKept(bench.contextId);
  await bench.volumes.dropSnapshots(bench.contextId, 'rb-1', call);
  await bench.cycle();
  await bench.fold();
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(3));
  const left = await bench.volumes.leftBehind();
  expect([left.deltas, left.snapshots, left.files]).toEqual([[], [], []]);
});

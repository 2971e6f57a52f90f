import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VolumesBench, call } from './volumes-bench.js';

it('folds a full cycle and three incremental ones, oldest first, into equal volumes, and leaves no delta', async () => {
  await using bench = await VolumesBench.start();
  await bench.create();
  await bench.cycle();
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
  for (let i = 0; i < 3; i += 1) await bench.cycle();
  // not folded yet: the volume is still the first point, the point is volume and deltas
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(1));
  expect((await bench.volumes.verify(bench.contextId, { ...call, scope: 'all' })).pointSequence).toBe(4);
  await bench.fold();
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(4));
  expect(readdirSync(join(bench.directory, 'spool'))).toEqual([]);
  const left = await bench.volumes.leftBehind();
  expect([left.exports, left.deltas, left.leases, left.holds]).toEqual([[], [], [], []]);
});

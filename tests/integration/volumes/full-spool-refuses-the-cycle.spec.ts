import { expect, it } from 'vitest';
import { VolumesBench } from './volumes-bench.js';

it('refuses a cycle that the spool could not hold, before anything is touched', async () => {
  await using bench = await VolumesBench.start();
  await bench.create();
  await bench.cycle();
  await bench.crash();
  await bench.open(2 ** 50);
  await expect(bench.openForCycle('delta')).rejects.toMatchObject({ code: 'storage.full' });
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(1));
  const left = await bench.volumes.leftBehind();
  expect([left.exports, left.deltas]).toEqual([[], []]);
});

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { VolumesBench, call } from './volumes-bench.js';

it('names the cluster of a byte that changed on the target, and finds nothing where nothing changed', async () => {
  await using bench = await VolumesBench.start();
  await bench.create();
  await bench.cycle();
  const { bytesChecked } = await bench.volumes.verify(bench.contextId, { ...call, scope: 'all' });
  expect(bytesChecked).toBe(bench.disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const at = 2_000_001;
  const file = openSync(await bench.volumePath('vda'), 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.from([byte[0]! ^ 1]), 0, 1, at);
  closeSync(file);
  await expect(bench.volumes.verify(bench.contextId, { ...call, scope: 'all' })).rejects.toMatchObject({
    code: 'disk.corrupt',
    context: { disk: 'vda', offset: Math.floor(at / 65_536) * 65_536 },
  });
});

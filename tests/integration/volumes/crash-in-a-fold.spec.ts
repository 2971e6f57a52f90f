import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { Delta } from '../../../apps/oma/src/volumes/delta.entity.js';
import { Volume } from '../../../apps/oma/src/volumes/volume.entity.js';
import { VolumesBench, call } from './volumes-bench.js';

it('finishes a fold that was killed half-way, at the next start, and readers see the point meanwhile', async () => {
  await using bench = await VolumesBench.start();
  await bench.create();
  await bench.cycle();
  await bench.cycle();
  // what a killed process leaves: the state stored before the first byte, and a part of the bytes
  const deltas = await bench.database.getRepository(Delta).findBy({ contextId: bench.contextId });
  const delta = deltas.find(({ sequence }) => sequence === 2)!;
  await bench.database.getRepository(Delta).update({ id: delta.id }, { state: 'folding' });
  await bench.database.getRepository(Volume).update({ id: delta.volumeId }, { foldState: 'folding' });
  const volumePath = (await bench.database.getRepository(Volume).findOneByOrFail({ id: delta.volumeId }))
    .devicePath!;
  const deltaPath = join(bench.directory, 'spool', delta.path);
  // slow enough to be killed between its first byte and its last
  const script =
    'qemu-img rebase -u -f qcow2 -b "$1" -F raw "$2" && exec qemu-img commit -r 100000 -f qcow2 "$2"';
  const fold = spawn('sh', ['-c', script, 'sh', volumePath, deltaPath], { stdio: 'ignore' });
  const before = readFileSync(volumePath);
  await until('the fold has begun to write', () => Promise.resolve(!readFileSync(volumePath).equals(before)));
  fold.kill('SIGKILL');
  await once(fold, 'exit');
  const [alone] = await bench.volumeHashes();
  expect([bench.sourceHashes(1)[0], bench.sourceHashes(2)[0]]).not.toContain(alone);

  expect((await bench.volumes.verify(bench.contextId, { ...call, scope: 'all' })).pointSequence).toBe(2);
  await bench.crash();
  await bench.open();
  await bench.fold();
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(2));
  await bench.cycle();
  await bench.fold();
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(3));
});

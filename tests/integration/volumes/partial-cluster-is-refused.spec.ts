import { expect, it } from 'vitest';
import { NbdClient } from '@ossea/copy-engine';
import { VolumesBench, call } from './volumes-bench.js';

it('does not seal a delta that holds one cluster more than the journal: it would destroy its neighbours', async () => {
  await using bench = await VolumesBench.start();
  await bench.create();
  await bench.cycle();
  const [target] = await bench.openForCycle('delta');
  const journal = await bench.copy(target!, bench.change('vda', 4));
  const path = bench.volumes.nbdSocketFor(bench.vmaId);
  const client = await NbdClient.connect(
    { transport: 'nbd-unix', path, exportName: target!.exportName },
    call,
  );
  const free = [...Array(90).keys()].find((cluster) => !journal.finished.has(cluster))!;
  await client.write(free * 65_536, Buffer.alloc(512, 7));
  await client.flush();
  await client.close();
  const check = bench.volumes.checkWritten(bench.contextId, target!, journal, call);
  await expect(check).rejects.toMatchObject({ code: 'copy.incomplete', context: { cluster: free } });
  // the next opening begins a fresh delta, and the volume is what it was
  const [again] = await bench.openForCycle('delta');
  expect(again!.delta).not.toBe(target!.delta);
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes(1));
});

import { expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { VolumesBench, call } from './volumes-bench.js';

it('brings a killed storage daemon back with its exports, and the copy goes on from its journal', async () => {
  await using bench = await VolumesBench.start();
  await bench.create();
  await bench.cycle();
  const changed = bench.change('vda', 12);
  const [target] = await bench.openForCycle('delta');
  const before = (await bench.volumes.leftBehind()).processes;
  expect(before).toHaveLength(1);
  process.kill(before[0]!.pid, 'SIGKILL');
  await until('another daemon runs', async () => {
    const [now] = (await bench.volumes.leftBehind()).processes;
    return now !== undefined && now.pid !== before[0]!.pid;
  });
  const journal = await bench.copy(target!, changed);
  await bench.volumes.checkWritten(bench.contextId, target!, journal, call);
});

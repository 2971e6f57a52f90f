import { CONTEXT_ITINERARIES, stepsOfLeg } from '@ossea/core';
import { expect, it } from 'vitest';
import { Outbox } from '../../../apps/oma/src/progress/outbox.js';
import { MIB, ReplicationBench, caller } from './replication-bench.js';

const STEPS = [...new Set(CONTEXT_ITINERARIES.replicating.flatMap((leg) => [...stepsOfLeg(leg)]))].filter(
  // gives back what a crash or a fault has left: skipped in a cycle that goes well
  (step) => step !== 'close-exports',
);

it('goes on after a crash in each step of a cycle, and the disks are equal every time', async () => {
  await using bench = await ReplicationBench.start();
  expect((await bench.cycle()).state).toBe('succeeded');
  for (const [index, step] of STEPS.entries()) {
    bench.source.write('vda', (index % 7) * MIB + 4_321, Buffer.alloc(150_000, index + 1));
    bench.source.write('vdb', 2 * MIB, Buffer.alloc(700, index + 1));
    const begun = new Promise<void>((resolve) => {
      bench.app.get(Outbox).onFact(({ type, data }) => {
        if (type === 'job.step-began' && 'step' in data && data.step.name === step) resolve();
      });
    });
    const job = await bench.replication.replicate(bench.contextId, caller);
    await begun;
    await bench.crash();
    await bench.open();
    const ended = await bench.jobs.waitFor(job.id, 60_000);
    expect([step, ended.state, ended.problem]).toEqual([step, 'succeeded', undefined]);
    expect([step, await bench.volumeHashes()]).toEqual([step, bench.sourceHashes()]);
    expect([step, bench.source.open()]).toEqual([step, []]);
    const { exports, deltas, files, leases } = await bench.volumes.leftBehind();
    expect([step, exports, deltas, files, leases]).toEqual([step, [], [], [], []]);
  }
});

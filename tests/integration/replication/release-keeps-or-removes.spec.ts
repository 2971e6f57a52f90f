import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RecoveryPoint } from '../../../apps/oma/src/replication/recovery-point.entity.js';
import { Volume } from '../../../apps/oma/src/volumes/volume.entity.js';
import { ReplicationBench, caller } from './replication-bench.js';

it.each([
  ['keeps the volumes, whole, unless the plan says otherwise', false],
  ['removes the volumes when the approved plan says so', true],
])('%s', async (_what, removeVolumes) => {
  await using bench = await ReplicationBench.start();
  await bench.cycle();
  const [volume] = await bench.database.getRepository(Volume).findBy({ contextId: bench.contextId });
  const path = volume!.devicePath!;
  const job = await bench.replication.release(bench.contextId, { removeVolumes }, caller);
  const ended = await bench.jobs.waitFor(job.id, 60_000);
  expect(ended.problem).toBeUndefined();
  expect((await bench.context()).state).toBe('released');
  expect(existsSync(path)).toBe(!removeVolumes);
  // what proves history stays
  expect(await bench.database.getRepository(RecoveryPoint).countBy({ contextId: bench.contextId })).toBe(1);
});

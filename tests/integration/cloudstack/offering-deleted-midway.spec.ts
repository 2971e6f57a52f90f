import { expect, it } from 'vitest';
import { LiveFailovers } from '../../../apps/oma/src/failover/live-failovers.js';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import { Fleet } from './fleet.js';

const caller = { name: 'test', correlationId: 'offering-1' };

it('an offering that an administrator deletes is named before the source is touched', async () => {
  await using fleet = await Fleet.start(1);
  const [machine] = fleet.machines;
  const { contextId, source } = machine!;
  expect(
    (await fleet.end(await fleet.get(ReplicationService).replicate(contextId, caller))).problem,
  ).toBeUndefined();
  fleet.simulator.deleteServiceOffering(fleet.simulator.ids.customOffering);
  const failed = await fleet.end(await fleet.get(LiveFailovers).start(contextId, caller));
  expect(failed.problem?.cause).toContain('compute offering');
  expect(source.power).toBe('running');
  // cycles need no compute offering
  const back = await fleet.end(await fleet.get(LiveFailovers).rollBack(contextId, caller));
  expect(back.problem).toBeUndefined();
  const cycle = await fleet.end(await fleet.get(ReplicationService).replicate(contextId, caller));
  expect(cycle.problem).toBeUndefined();
  expect(await fleet.volumeHashes(machine!)).toEqual(fleet.sourceHashes(machine!));
});

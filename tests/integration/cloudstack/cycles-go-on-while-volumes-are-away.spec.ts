import { expect, it } from 'vitest';
import { TestFailovers } from '../../../apps/oma/src/failover/test-failovers.js';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import { until } from '../../stack/probe.js';
import { Fleet } from './fleet.js';

const caller = { name: 'test', correlationId: 'away-1' };

it('a test failover detaches the volumes for their snapshots, cycles go on into deltas, and all come back', async () => {
  // what the disks hold is on its way to secondary storage for some seconds
  await using fleet = await Fleet.start(1, { snapshotBytesPerSecond: 48 * 1024 });
  const [machine] = fleet.machines;
  const { contextId, source } = machine!;
  const replicate = async () => fleet.end(await fleet.get(ReplicationService).replicate(contextId, caller));
  expect((await replicate()).problem).toBeUndefined();
  const point = fleet.sourceHashes(machine!);

  const test = await fleet.get(TestFailovers).start(contextId, caller);
  const refs = (await fleet.volumesOf(contextId)).map(({ ref }) => ref);
  const attached = () =>
    fleet.simulator.inventory().volumes.filter(({ id, vmId }) => refs.includes(id) && vmId !== undefined);
  const away = () => refs.length - attached().length;
  await until(
    'the volumes are away',
    () => away() === 2 && fleet.simulator.inventory().snapshots.length === 2,
  );
  source.write('vda', 4_096, Buffer.alloc(100_000, 7));
  const beside = await replicate();
  expect(beside.problem).toBeUndefined();
  expect(beside.result).toMatchObject({ cycle: { kind: 'incremental' } });
  // the snapshot of the larger one was still being copied while the cycle sealed
  expect(away()).toBeGreaterThan(0);

  const tested = await fleet.end(test);
  expect(tested.problem).toBeUndefined();
  expect(attached().length).toBe(2);
  const cleaned = await fleet.end(await fleet.get(TestFailovers).cleanUp(contextId, caller));
  expect(cleaned.problem).toBeUndefined();
  expect(fleet.sourceHashes(machine!)).not.toEqual(point);
  expect((await replicate()).problem).toBeUndefined();
  expect(await fleet.volumeHashes(machine!)).toEqual(fleet.sourceHashes(machine!));
  expect(await fleet.orphans()).toEqual([]);
  expect(fleet.simulator.violations()).toEqual([]);
});

import { expect, it } from 'vitest';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import { Fleet, type FleetMachine } from './fleet.js';

const caller = { name: 'test', correlationId: 'slots-1' };

const replicate = async (fleet: Fleet, { contextId }: FleetMachine) =>
  fleet.end(await fleet.get(ReplicationService).replicate(contextId, caller));

it('a machine whose disks find no slot is not attached by half, and goes on when there is room', async () => {
  await using fleet = await Fleet.start(2, { maxDataVolumes: 3 });
  const [first, second] = fleet.machines as [FleetMachine, FleetMachine];
  expect((await replicate(fleet, first)).problem).toBeUndefined();
  const refused = await replicate(fleet, second);
  expect(refused.problem).toMatchObject({
    code: 'volume.no-slot',
    cause: expect.stringMatching(/2 of 3 slots are taken|maximum number of data disks \(3\)/) as string,
  });
  const ofSecond = (await fleet.volumesOf(second.contextId)).map(({ ref }) => ref);
  const isAttached = fleet.simulator
    .inventory()
    .volumes.filter(({ id, vmId }) => ofSecond.includes(id) && vmId);
  expect(isAttached).toEqual([]);
  expect(second.copies.results, 'bytes were copied').toEqual([]);

  const { contextId } = first;
  await fleet.end(await fleet.get(ReplicationService).release(contextId, { removeVolumes: true }, caller));
  expect((await replicate(fleet, second)).problem).toBeUndefined();
  expect(await fleet.volumeHashes(second)).toEqual(fleet.sourceHashes(second));
});

it('a quota that is reached midway is named, and what was made until then is used when it is raised', async () => {
  // the root disk of the appliance counts, too
  await using fleet = await Fleet.start(1, { limits: { volumes: 2 } });
  const [machine] = fleet.machines as [FleetMachine];
  const refused = await replicate(fleet, machine);
  expect(refused.problem).toMatchObject({ code: 'quota.exhausted' });
  expect(machine.copies.results, 'bytes were copied').toEqual([]);
  fleet.simulator.settings.limits.volumes = -1;
  expect((await replicate(fleet, machine)).problem).toBeUndefined();
  expect(await fleet.volumeHashes(machine)).toEqual(fleet.sourceHashes(machine));
  expect(await fleet.orphans()).toEqual([]);
});

it('volumes that somebody else has attached to the appliance take slots', async () => {
  await using fleet = await Fleet.start(1, { maxDataVolumes: 3 });
  await fleet.simulator.attachForeignVolumes(2);
  const refused = await replicate(fleet, fleet.machines[0]!);
  expect(refused.problem).toMatchObject({ code: 'volume.no-slot' });
});

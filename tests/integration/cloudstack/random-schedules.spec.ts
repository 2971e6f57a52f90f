import { expect, it } from 'vitest';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import { Fleet } from './fleet.js';
import { Schedule } from './schedule.js';

const caller = { name: 'schedule', correlationId: 'schedule-2' };
/** OSSEA_SCHEDULES=1:200 runs the seeds from 1 to 200; a push runs 40 of them. */
const [from = 1, to = 40] = (process.env['OSSEA_SCHEDULES'] ?? '1:40').split(':').map(Number);
const STEPS = 4;
const MACHINES = 3;
/** Snapshots that are copied, those that cannot be taken while attached, and those that stay where they are. */
const CLOUDS: readonly Parameters<typeof Fleet.start>[] = [
  [MACHINES],
  [MACHINES, { kvmSnapshotEnabled: false }],
  [MACHINES, { snapshotsStayOnPrimary: true }, { snapshots: 'instant' }],
];

it.each(Array.from({ length: to - from + 1 }, (_, index) => from + index))(
  'whatever people do and CloudStack does wrong, nothing is lost, attached twice or left: schedule %i',
  async (seed) => {
    await using fleet = await Fleet.start(...CLOUDS[seed % CLOUDS.length]!);
    const schedule = new Schedule(fleet, seed);
    try {
      for (let step = 0; step < STEPS; step += 1) await schedule.step();
      await schedule.settle();
      for (const machine of fleet.machines) {
        const job = await fleet.end(await fleet.get(ReplicationService).replicate(machine.contextId, caller));
        expect(job.problem).toBeUndefined();
        expect(await fleet.volumeHashes(machine)).toEqual(fleet.sourceHashes(machine));
      }
      expect(fleet.simulator.violations()).toEqual([]);
      expect(await fleet.orphans()).toEqual([]);
      const { exports, leases, holds, snapshots } = await fleet.volumes.leftBehind();
      expect({ exports, leases, holds, snapshots }).toEqual({
        exports: [],
        leases: [],
        holds: [],
        snapshots: [],
      });
    } catch (error) {
      throw new Error(`seed ${seed}: ${schedule.story.join('\n  ')}`, { cause: error });
    }
  },
);

import { expect, it } from 'vitest';
import { LiveFailovers } from '../../../apps/oma/src/failover/live-failovers.js';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import { Fleet } from './fleet.js';

const caller = { name: 'test', correlationId: 'never-1' };
/** An hour of patience, in a test's measure. */
const PATIENCE = { jobDeadlineMs: 400 };

it.each(['attachVolume', 'createSnapshot', 'deployVirtualMachine', 'detachVolume'] as const)(
  'what the job of %s has done counts, although it never ends',
  async (command) => {
    await using fleet = await Fleet.start(1, {}, {}, PATIENCE);
    const [machine] = fleet.machines;
    const { contextId } = machine!;
    fleet.simulator.inject({ command, kind: 'job-never-ends' });
    const cycle = await fleet.end(await fleet.get(ReplicationService).replicate(contextId, caller));
    expect(cycle.problem).toBeUndefined();
    const live = await fleet.end(await fleet.get(LiveFailovers).start(contextId, caller));
    expect(live.problem).toBeUndefined();
    const back = await fleet.end(await fleet.get(LiveFailovers).rollBack(contextId, caller));
    expect(back.problem).toBeUndefined();
    expect(await fleet.volumeHashes(machine!)).toEqual(fleet.sourceHashes(machine!));
    expect(await fleet.orphans()).toEqual([]);
    expect(fleet.simulator.violations()).toEqual([]);
  },
);

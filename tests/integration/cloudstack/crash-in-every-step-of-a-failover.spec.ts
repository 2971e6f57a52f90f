import type { Job } from '@ossea/api-contract';
import { CONTEXT_ITINERARIES, TEST_FAILOVER_ITINERARIES, stepsOfLeg, type Leg } from '@ossea/core';
import { expect, it } from 'vitest';
import { LiveFailovers } from '../../../apps/oma/src/failover/live-failovers.js';
import { TestFailovers } from '../../../apps/oma/src/failover/test-failovers.js';
import { Outbox } from '../../../apps/oma/src/progress/outbox.js';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import { Fleet, type FleetMachine } from './fleet.js';

const caller = { name: 'test', correlationId: 'crash-1' };
/** What a crash or a cancel has left is given back by these: they are skipped in a run that goes well. */
const ONLY_AFTER_TROUBLE = new Set(['close-exports', 'drop-snapshot', 'stop-test-machine']);

const stepsOf = (legs: readonly Leg[] | undefined): string[] =>
  [...new Set((legs ?? []).flatMap((leg) => [...stepsOfLeg(leg)]))].filter(
    (step) => !ONLY_AFTER_TROUBLE.has(step),
  );

/** The next beginning of a step. */
function beginningOf(fleet: Fleet, step: string): { readonly begun: Promise<boolean>; stop(): void } {
  let stop = (): void => undefined;
  const begun = new Promise<boolean>((resolve) => {
    stop = () => resolve(false);
    fleet.get(Outbox).onFact(({ type, data }) => {
      if (type === 'job.step-began' && 'step' in data && data.step.name === step) resolve(true);
    });
  });
  return { begun, stop };
}

/** Starts a job, crashes the OMA as soon as the step has begun, and comes back when the job has ended in a later life. */
async function crashed(fleet: Fleet, step: string, start: () => Promise<Job>): Promise<Job> {
  const { begun, stop } = beginningOf(fleet, step);
  const job = await start();
  const ended = fleet.end(job);
  void ended.finally(stop).catch(() => undefined);
  if (await begun) {
    await fleet.crash();
    return fleet.end(job);
  }
  return ended;
}

async function mustBeClean(fleet: Fleet, machine: FleetMachine): Promise<void> {
  const cycle = await fleet.end(await fleet.get(ReplicationService).replicate(machine.contextId, caller));
  expect(cycle.problem).toBeUndefined();
  expect(await fleet.volumeHashes(machine)).toEqual(fleet.sourceHashes(machine));
  expect(await fleet.orphans()).toEqual([]);
  expect(fleet.simulator.violations()).toEqual([]);
}

it('a test failover goes on after a crash in each of its steps, and leaves nothing behind', async () => {
  await using fleet = await Fleet.start(1);
  const [machine] = fleet.machines as [FleetMachine];
  const { contextId, source } = machine;
  await mustBeClean(fleet, machine);
  for (const [index, step] of stepsOf(TEST_FAILOVER_ITINERARIES['testing']).entries()) {
    source.write('vda', 4_096 * (index + 1), Buffer.alloc(9_000, index + 1));
    const tested = await crashed(fleet, step, () => fleet.get(TestFailovers).start(contextId, caller));
    expect([step, tested.state, tested.problem]).toEqual([step, 'succeeded', undefined]);
    const cleaned = await fleet.end(await fleet.get(TestFailovers).cleanUp(contextId, caller));
    expect([step, cleaned.state, cleaned.problem]).toEqual([step, 'succeeded', undefined]);
    await mustBeClean(fleet, machine);
  }
});

it('a clean-up of a test goes on after a crash in each of its steps', async () => {
  await using fleet = await Fleet.start(1);
  const [machine] = fleet.machines as [FleetMachine];
  const { contextId } = machine;
  await mustBeClean(fleet, machine);
  for (const step of stepsOf(TEST_FAILOVER_ITINERARIES['cleaning-up'])) {
    await fleet.end(await fleet.get(TestFailovers).start(contextId, caller));
    const cleaned = await crashed(fleet, step, () => fleet.get(TestFailovers).cleanUp(contextId, caller));
    expect([step, cleaned.state, cleaned.problem]).toEqual([step, 'succeeded', undefined]);
    await mustBeClean(fleet, machine);
  }
});

it('a live failover goes on after a crash in each of its steps, and so does the way back', async () => {
  await using fleet = await Fleet.start(1);
  const [machine] = fleet.machines as [FleetMachine];
  const { contextId, source } = machine;
  await mustBeClean(fleet, machine);
  const there = stepsOf(CONTEXT_ITINERARIES['cutting-over']);
  const back = stepsOf(CONTEXT_ITINERARIES['rolling-back']);
  for (let round = 0; round < Math.max(there.length, back.length); round += 1) {
    source.write('vdb', 512 * (round + 1), Buffer.alloc(9_000, round + 1));
    const live = await crashed(fleet, there[round] ?? 'none', () =>
      fleet.get(LiveFailovers).start(contextId, caller),
    );
    expect([there[round], live.state, live.problem]).toEqual([there[round], 'succeeded', undefined]);
    expect(source.power).toBe('stopped');
    const returned = await crashed(fleet, back[round] ?? 'none', () =>
      fleet.get(LiveFailovers).rollBack(contextId, caller),
    );
    expect([back[round], returned.state, returned.problem]).toEqual([back[round], 'succeeded', undefined]);
    expect(source.power).toBe('running');
    await mustBeClean(fleet, machine);
  }
});

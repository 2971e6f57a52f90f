import { expect, it } from 'vitest';
import { FailoverService } from '../../../apps/oma/src/failover/failover.service.js';
import { LiveFailovers } from '../../../apps/oma/src/failover/live-failovers.js';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import { Fleet } from './fleet.js';

const caller = { name: 'test', correlationId: 'console-1' };
const { signal } = new AbortController();

it('a failover says where to look at its machine, as its verdict asks people to', async () => {
  await using fleet = await Fleet.start(1);
  const { contextId } = fleet.machines[0]!;
  const failovers = fleet.get(FailoverService);
  await fleet.end(await fleet.get(ReplicationService).replicate(contextId, caller));
  const live = await fleet.end(await fleet.get(LiveFailovers).start(contextId, caller));
  expect(live.problem).toBeUndefined();
  const [run] = (await failovers.runs({ contextId, limit: 1 })).items;
  expect(run?.verdict).toMatchObject({
    booted: true,
    evidence: expect.stringContaining('Look at its console.') as string,
  });
  const { url } = await failovers.consoleAddress(run!.id, signal);
  expect(new URL(url).protocol).toMatch(/^https?:$/);
  await fleet.end(await fleet.get(LiveFailovers).rollBack(contextId, caller));
  // the machine is gone with the roll back
  await expect(failovers.consoleAddress(run!.id, signal)).rejects.toMatchObject({
    code: 'resource.not-found',
  });
});

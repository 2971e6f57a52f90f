import { expect, it } from 'vitest';
import { failOverLive } from '../quickstart/live-failover.js';
import { Journey } from '../quickstart/journey.js';
import { Stack } from '../stack/launch-stack.js';

it('replicates, fails over live and commits on MariaDB', async () => {
  await using stack = await Stack.launch({ database: 'mariadb', say: console.log });
  const [site] = stack.sites;
  const journey = new Journey(stack, site!, console.log);
  await journey.cycle('replicating in full', 'full');
  await journey.cycle('replicating what changed', 'incremental');
  const live = await failOverLive(journey, 'live failover');
  expect(live.report).toMatchObject({ booted: true, lostRecords: 0 });
  await stack.api.run('/api/v1/failover/commit', { contextId: site!.contextId });
  expect((await stack.context(site!.contextId)).state).toBe('migrated');
  expect(await live.targetRuns()).toBe(true);
  expect(await journey.leftBehind()).toEqual([]);
  expect(await stack.stop()).toEqual([]);
});

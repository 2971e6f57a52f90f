import { expect, it } from 'vitest';
import { faultsOf } from '../quickstart/journey-report.js';
import { Journey } from '../quickstart/journey.js';
import { Stack } from '../stack/launch-stack.js';

it('takes a running machine to CloudStack and back and there again, and leaves nothing behind', async () => {
  await using stack = await Stack.launch({ target: 'cloudstack', say: console.log });
  const report = await new Journey(stack, stack.sites[0]!, console.log).run();
  expect(faultsOf(report)).toEqual([]);
  expect(await stack.stop()).toEqual([]);
});

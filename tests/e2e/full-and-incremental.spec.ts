import { expect, it } from 'vitest';
import { Stack } from '../stack/launch-stack.js';

it('replicates a running guest through the tunnel, in full and incrementally', async () => {
  await using stack = await Stack.launch();
  const [site] = stack.sites;
  const full = await stack.cycle(site!);
  expect(full.result).toMatchObject({ cycle: { kind: 'full' } });
  const next = await stack.cycle(site!);
  expect(next.result).toMatchObject({ cycle: { kind: 'incremental' } });
});

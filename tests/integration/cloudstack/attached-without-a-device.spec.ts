import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { Fleet } from './fleet.js';

const call = { signal: new AbortController().signal };

it('a volume that is recorded as attached, and has lost its device, is attached anew by the next life', async () => {
  await using fleet = await Fleet.start(0);
  const spec = { name: 'lost', sizeBytes: 1 << 20, placement: {} };
  const { volumes } = fleet.target;
  const ref = await volumes.create(spec, { key: 'lost', ...call });
  const device = join(fleet.simulator.deviceDir, `virtio-${ref.replaceAll('-', '').slice(0, 20)}`);
  const isAttached = () => fleet.simulator.inventory().volumes.some(({ id, vmId }) => id === ref && vmId);

  const lease = await volumes.open(ref, call);
  fleet.simulator.inject({ command: 'detachVolume', kind: 'late-detach', delayMs: 1, times: 3 });
  await expect(lease[Symbol.asyncDispose]()).rejects.toMatchObject({ context: { command: 'detachVolume' } });
  await until('the late unplug has come', () => !existsSync(device));
  expect(isAttached()).toBe(true);

  await using later = await fleet.session();
  const again = await later.volumes.open(ref, call);
  expect(existsSync(again.value.path)).toBe(true);
  expect(existsSync(device)).toBe(true);
  await again[Symbol.asyncDispose]();
  expect(isAttached()).toBe(false);
  await later.volumes.remove(ref, call);
  expect(await fleet.orphans()).toEqual([]);
  expect(fleet.simulator.violations()).toEqual([]);
});

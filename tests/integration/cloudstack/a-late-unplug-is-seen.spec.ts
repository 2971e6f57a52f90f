import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { Fleet } from './fleet.js';

const call = { signal: new AbortController().signal };

it('a volume that CloudStack believes detached, and this appliance still has, goes to no machine', async () => {
  await using fleet = await Fleet.start(0);
  const { volumes, machines } = fleet.target;
  const ref = await volumes.create(
    { name: 'late', sizeBytes: 1 << 20, placement: {} },
    { key: 'late', ...call },
  );
  const stored = () => fleet.simulator.inventory().volumes.find(({ id }) => id === ref);
  const device = join(fleet.simulator.deviceDir, `virtio-${ref.replaceAll('-', '').slice(0, 20)}`);

  const first = await volumes.open(ref, call);
  // the job fails, the next one succeeds, and the first one's unplug comes when the volume is attached anew
  fleet.simulator.inject({ command: 'detachVolume', kind: 'late-detach', delayMs: 1_500 });
  await first[Symbol.asyncDispose]();
  const second = await volumes.open(ref, call);
  await until('the late unplug has cleared the record', () => stored()?.vmId === undefined);
  expect(existsSync(device), 'the device is still there').toBe(true);

  const blueprint = {
    name: 'late-machine',
    cpus: 1,
    memoryBytes: 128 << 20,
    firmware: 'bios',
    disks: [{ volume: ref, boot: true }],
    nics: [],
    placement: {},
  } as const;
  await expect(machines.create(blueprint, { key: 'late-machine', ...call })).rejects.toMatchObject({
    code: 'volume.in-use',
  });
  await second[Symbol.asyncDispose]();
  expect(existsSync(device), 'the device is still there').toBe(false);
  const machine = await machines.create(blueprint, { key: 'late-machine', ...call });
  await machines.remove(machine, call);
  await volumes.remove(ref, call);
  expect(await fleet.orphans()).toEqual([]);
  expect(fleet.simulator.violations()).toEqual([]);
});

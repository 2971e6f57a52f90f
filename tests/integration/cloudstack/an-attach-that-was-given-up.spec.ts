import { expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { Fleet } from './fleet.js';

const call = { signal: new AbortController().signal };

it('a volume whose attach came to pass after it was given up is opened as it is, or removed', async () => {
  await using fleet = await Fleet.start(0, { jobMs: 300 });
  const { volumes } = fleet.target;
  const spec = { name: 'given-up', sizeBytes: 1 << 20, placement: {} };
  const isAttached = (ref: string) =>
    fleet.simulator.inventory().volumes.some(({ id, vmId }) => id === ref && vmId !== undefined);
  const givenUp = async (key: string) => {
    const ref = await volumes.create(spec, { key, ...call });
    const stopper = new AbortController();
    const opening = volumes.open(ref, { signal: stopper.signal });
    const asked = () => fleet.simulator.requests().filter(({ command }) => command === 'attachVolume').length;
    const before = asked();
    await until('the attach has begun', () => asked() > before || isAttached(ref));
    stopper.abort();
    await expect(opening).rejects.toMatchObject({ code: 'call.aborted' });
    await until('it has come to pass', () => isAttached(ref));
    return ref;
  };

  const opened = await givenUp('opened-later');
  const lease = await volumes.open(opened, call);
  expect(lease.value.sizeBytes).toBe(1 << 30);
  await expect(volumes.remove(opened, call)).rejects.toMatchObject({ code: 'volume.in-use' });
  await lease[Symbol.asyncDispose]();
  expect(isAttached(opened)).toBe(false);
  await volumes.remove(opened, call);

  await volumes.remove(await givenUp('removed-later'), call);
  expect(await fleet.orphans()).toEqual([]);
  expect(fleet.simulator.violations()).toEqual([]);
});

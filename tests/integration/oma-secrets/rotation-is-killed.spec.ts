import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeOf } from '../../../apps/oma/src/secrets/sealed-columns.js';
import { ENGINES } from '../oma-shell/appliance.js';
import { RotationBench } from './rotation-bench.js';

const POINTS = [
  'next-written',
  'after-make-key',
  'old-kept',
  'in-use',
  'after-use-key',
  'row-rewrapped',
  'after-rewrap',
  'old-destroyed',
  'after-destroy-keys',
];

describe.each(ENGINES)('a rotation of the key on %s', (engine) => {
  let bench: RotationBench;
  beforeAll(async () => {
    bench = await RotationBench.start(engine);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it.each(POINTS)('that is killed at %s leaves every secret readable, and goes on', async (point) => {
    const before = await bench.opened();
    const fromKey = bench.box.ring.current.id;
    await bench.rotateUntil(point, fromKey);
    expect(await bench.opened()).toEqual(before);

    const { rewrapped, unreadable, currentKey, keysLeft } = await bench.rotation.rotate(fromKey, bench.job());
    expect({ unreadable, keysLeft }).toEqual({ unreadable: 0, keysLeft: [] });
    expect(rewrapped).toBeLessThanOrEqual(before.length);
    expect(currentKey).not.toBe(fromKey);
    expect(await bench.keyFiles()).toEqual(['kek']);
    expect([...(await bench.rewrapping.uses())]).toEqual([[currentKey, before.length]]);

    await bench.life();
    expect(bench.box.ring.current.id).toBe(currentKey);
    expect(await bench.opened()).toEqual(before);
  });

  it('keeps the old key for what an operation that began before stores after it', async () => {
    const before = await bench.opened();
    let goOn = (): void => undefined;
    const paused = new Promise<void>((resolve) => (goOn = resolve));
    const { box } = bench;
    const old = box.ring.current.id;
    const operation = box.sealing(async () => {
      const sealed = box.seal('late', placeOf('con_999', 'password'));
      await paused;
      await bench.store('con_999', sealed);
    });
    const job = bench.job();
    const step: typeof job.step = async (one, body) => {
      const outcome = await job.step(one, body);
      if (one.name === 'rewrap') goOn();
      return outcome;
    };
    const rotating = bench.rotation.rotate(old, { ...job, step });
    await operation;
    expect((await rotating).keysLeft).toEqual([]);
    expect((await bench.opened()).sort()).toEqual([...before, 'late'].sort());
  });
});

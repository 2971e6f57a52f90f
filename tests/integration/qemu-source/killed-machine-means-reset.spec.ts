import { afterEach, beforeEach, expect, it } from 'vitest';
import { MIB, NOTHING_LEFT, Replica, SourceBench, call, failure } from './source-bench.js';

let bench: SourceBench;

beforeEach(async () => {
  bench = await SourceBench.start();
  await bench.startMachine();
});
afterEach(() => bench[Symbol.asyncDispose]());

it('copies in full after QEMU was killed, and incrementally from there', async () => {
  const replica = new Replica(bench);
  await bench.write('vda', 0, MIB);
  await replica.cycle();
  await bench.stop();
  // its bitmaps are in the image now: opened and not closed, they say nothing that can be believed
  await bench.startMachine();
  await bench.write('vda', MIB, 512);
  await bench.kill();
  await bench.startMachine();
  expect([...(await replica.cycle()).values()]).toEqual([undefined, undefined]);
  await bench.write('vda', 3 * MIB, 512);
  expect([...(await replica.cycle()).values()]).toEqual([65_536, 0]);
  expect(await bench.bitmaps('vda')).toHaveLength(2);
});

it('copies in full when it was killed and is off', async () => {
  const replica = new Replica(bench);
  await replica.cycle();
  await bench.stop();
  await bench.startMachine();
  await bench.write('vda', MIB, 512);
  await bench.kill();
  expect([...(await replica.cycle()).values()]).toEqual([undefined, undefined]);
  expect([...(await replica.cycle()).values()]).toEqual([0, 0]);
});

it('breaks the snapshot that was open, and takes it anew under the same key with another reference', async () => {
  const key = bench.newKey();
  const ref = await bench.snapshot(key);
  await bench.kill();
  expect(await bench.session.snapshots.find(key, call)).toEqual({ ref, complete: false });
  expect((await failure(bench.frozen('vda', ref))).code).toBe('snapshot.failed');
  const again = await bench.snapshot(key);
  expect(again).not.toBe(ref);
  expect(await bench.session.snapshots.find(key, call)).toEqual({ ref: again, complete: true });
  expect((await failure(bench.frozen('vda', ref))).code).toBe('resource.not-found');
  await bench.remove(again);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
});

it('forgives removing a snapshot whose machine was killed, and what it left in the next life', async () => {
  const ref = await bench.snapshot();
  await bench.kill();
  await bench.startMachine();
  await bench.remove(ref);
  await bench.remove(ref);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
});

import { afterEach, beforeEach, expect, it } from 'vitest';
import { MIB, NOTHING_LEFT, Replica, SourceBench } from './source-bench.js';

const CLUSTER = 65_536;
let bench: SourceBench;

beforeEach(async () => {
  bench = await SourceBench.start();
  await bench.startMachine();
});
afterEach(() => bench[Symbol.asyncDispose]());

it('moves only what changed when the machine runs, is off, and runs again', async () => {
  const replica = new Replica(bench);
  await bench.write('vda', MIB, 3 * CLUSTER);
  await bench.write('vdb', 0, 512);
  expect([...(await replica.cycle()).values()]).toEqual([undefined, undefined]);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);

  await bench.write('vda', 2 * MIB, CLUSTER);
  await bench.write('vdb', 3 * MIB, 512);
  // what is written beside the copy belongs to the next cycle
  const besides = async () => {
    await bench.write('vda', MIB, 2 * CLUSTER);
    await bench.write('vda', 4 * MIB, CLUSTER, 'zeroes');
  };
  // the last piece of the second disk is shorter than a cluster
  expect([...(await replica.cycle(besides)).values()]).toEqual([CLUSTER, 512]);

  await bench.write('vda', 6 * MIB, CLUSTER);
  await bench.stop();
  expect([...(await replica.cycle()).values()]).toEqual([4 * CLUSTER, 0]);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
  // nothing was written: a second look moves nothing
  expect([...(await replica.cycle()).values()]).toEqual([0, 0]);

  await bench.startMachine();
  await bench.write('vdb', MIB, CLUSTER);
  expect([...(await replica.cycle()).values()]).toEqual([0, CLUSTER]);
  // the token that was used, and the one that follows: no others are kept
  expect(await bench.bitmaps('vda')).toHaveLength(2);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
});

it('goes on from the token that was sealed when the cycle after the stop failed', async () => {
  const replica = new Replica(bench);
  await bench.write('vda', 0, MIB);
  await replica.cycle();
  await bench.write('vda', 5 * MIB, CLUSTER);
  await bench.stop();
  // a final cycle that got as far as its token, was never sealed, and the machine is started again
  const failed = await bench.snapshot();
  await bench.changes('vda', replica.sealed.get('vda')!.token, failed);
  await bench.tracking.token('vda', failed, { signal: new AbortController().signal });
  await bench.startMachine();
  await bench.remove(failed);
  await bench.write('vda', 7 * MIB, CLUSTER);
  expect([...(await replica.cycle()).values()]).toEqual([2 * CLUSTER, 0]);
});

it('keeps no record on raw disks over a stop, and says so by a full copy', async () => {
  const raw = await SourceBench.start([
    { key: 'vda', format: 'raw', sizeBytes: 4 * MIB },
    { key: 'vdb', format: 'qcow2', sizeBytes: 4 * MIB },
  ]);
  try {
    await raw.startMachine();
    const replica = new Replica(raw);
    await replica.cycle();
    await raw.write('vda', MIB, CLUSTER);
    await raw.write('vdb', MIB, CLUSTER);
    expect([...(await replica.cycle()).values()]).toEqual([CLUSTER, CLUSTER]);
    await raw.write('vda', 2 * MIB, CLUSTER);
    await raw.write('vdb', 2 * MIB, CLUSTER);
    await raw.stop();
    expect([...(await replica.cycle()).values()]).toEqual([undefined, CLUSTER]);
    await raw.startMachine();
    expect([...(await replica.cycle()).values()]).toEqual([undefined, 0]);
    await raw.write('vda', 3 * MIB, CLUSTER);
    expect([...(await replica.cycle()).values()]).toEqual([CLUSTER, 0]);
  } finally {
    await raw[Symbol.asyncDispose]();
  }
});

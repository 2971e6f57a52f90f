import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MIB, NOTHING_LEFT, Replica, SourceBench, call } from './source-bench.js';

const SECTOR = 512;

type Step =
  | {
      readonly do: 'write';
      readonly disk: 'vda' | 'vdb';
      readonly at: number;
      readonly sectors: number;
      readonly how: 'data' | 'zeroes';
    }
  /** A cycle that gets so far and is given up. */
  | { readonly do: 'give-up'; readonly after: 'snapshot' | 'changes' | 'token' }
  | { readonly do: 'stop' }
  | { readonly do: 'start' }
  /** The appliance is started again. */
  | { readonly do: 'reconnect' }
  | { readonly do: 'seal' };

const write = fc.record({
  do: fc.constant('write' as const),
  disk: fc.constantFrom('vda' as const, 'vdb' as const),
  at: fc.nat({ max: 999 }),
  sectors: fc.integer({ min: 1, max: 300 }),
  how: fc.constantFrom('data' as const, 'data' as const, 'zeroes' as const),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: write },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('give-up' as const),
      after: fc.constantFrom('snapshot' as const, 'changes' as const, 'token' as const),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'seal' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'stop' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'start' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reconnect' as const }) },
);

/** More tokens than a handful that nobody came back with are let go of: then a full copy is right. */
function fewTokens(steps: readonly Step[]): boolean {
  return steps.filter((one) => one.do === 'give-up' && one.after === 'token').length <= 4;
}

async function carryOut(bench: SourceBench, replica: Replica, one: Step): Promise<void> {
  if (one.do === 'write') {
    const { sizeBytes } = bench.disks.find(({ key }) => key === one.disk)!;
    const length = one.sectors * SECTOR;
    // the thousandth part that is named, the last one at the very end of the disk
    const offset = Math.floor(((sizeBytes - length) / SECTOR) * (one.at / 999)) * SECTOR;
    await bench.write(one.disk, offset, length, one.how);
  } else if (one.do === 'give-up') {
    const snapshot = await bench.snapshot();
    for (const [key, { token }] of replica.sealed) {
      if (one.after !== 'snapshot') await bench.changes(key, token, snapshot);
      if (one.after === 'token') await bench.tracking.token(key, snapshot, call);
    }
    await bench.remove(snapshot);
  } else if (one.do === 'stop') await bench.stop();
  else if (one.do === 'start') await bench.startMachine();
  else if (one.do === 'reconnect') await bench.reconnect();
  else
    // failed cycles, stops and starts are no reason to copy in full
    for (const moved of (await replica.cycle()).values()) expect(moved).toBeDefined();
}

it('whatever fails in between, what is sealed is what the disks held', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 6, maxLength: 16, size: 'max' }).filter(fewTokens),
      async (steps) => {
        await using bench = await SourceBench.start([
          { key: 'vda', format: 'qcow2', sizeBytes: 4 * MIB },
          { key: 'vdb', format: 'qcow2', sizeBytes: 2 * MIB + SECTOR },
        ]);
        await bench.startMachine();
        const replica = new Replica(bench);
        await replica.cycle();
        for (const one of [...steps, { do: 'seal' } as const]) await carryOut(bench, replica, one);
        expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
      },
    ),
    // every run costs a machine; shrinking would cost hundreds, and the steps that failed are printed
    { numRuns: 4, endOnFailure: true },
  );
}, 600_000);

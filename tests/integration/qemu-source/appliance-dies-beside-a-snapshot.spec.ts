import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { MIB, NOTHING_LEFT, Replica, SourceBench, VM, call } from './source-bench.js';

let bench: SourceBench;
let child: ChildProcess | undefined;

beforeEach(async () => {
  bench = await SourceBench.start();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await bench[Symbol.asyncDispose]();
});

/** An appliance of its own that takes a snapshot; what it tells: first that it is connected, then the reference. */
async function appliance(key: string): Promise<AsyncIterator<string>> {
  const program = fileURLToPath(new URL('./take-snapshot.mjs', import.meta.url));
  child = fork(program, [bench.settings.machinesDir, VM, key], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const told: AsyncIterator<string> = {
    next: async () => ({ done: false, value: String((await once(child!, 'message'))[0]) }),
  };
  expect((await told.next()).value).toBe('connected');
  return told;
}

async function killed(): Promise<void> {
  const gone = once(child!, 'exit');
  child!.kill('SIGKILL');
  await gone;
}

it.each(['runs', 'is off'])('finds what was made and never noted, of a machine that %s', async (state) => {
  if (state === 'runs') await bench.startMachine();
  await bench.write('vda', MIB, 4096);
  const told = await appliance('key-1');
  const ref = (await told.next()).value as string;
  await killed();
  const before = Buffer.from(bench.contents.get('vda')!);
  if (state === 'runs') await bench.write('vda', MIB, 4096);
  expect(await bench.session.snapshots.find('key-1', call)).toEqual({ ref, complete: true });
  expect(await bench.snapshot('key-1')).toBe(ref);
  expect((await bench.frozen('vda', ref)).equals(before)).toBe(true);
  await bench.remove(ref);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
});

it('finds a stopped machine’s snapshot broken when the machine was started after the appliance died', async () => {
  const told = await appliance('key-1');
  const ref = (await told.next()).value as string;
  await killed();
  // by somebody who knows nothing of us
  await bench.launcher.start(VM, call);
  expect(await bench.session.snapshots.find('key-1', call)).toEqual({ ref, complete: false });
  await bench.stop();
  expect(await bench.session.snapshots.find('key-1', call)).toEqual({ ref, complete: false });
  await bench.remove(ref);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
});

/** What shows from outside how far the taking has come. */
const MOMENTS: readonly (readonly [string, (name: string) => boolean])[] = [
  ['the record is written', (name) => name === 'ossea-snapshot.json'],
  ['the first overlay is made', (name) => /^ossea-vda-.*qcow2$/.test(name)],
  ['the second overlay is made', (name) => /^ossea-vdb-.*qcow2$/.test(name)],
  ['the server listens', (name) => name === 'ossea.sock'],
];

it('comes back from a death at any moment of the taking', async () => {
  await bench.startMachine();
  const replica = new Replica(bench);
  await replica.cycle();
  const { directory } = bench.launcher.paths(VM);
  for (const again of [true, false])
    for (const [moment, shows] of MOMENTS) {
      const key = bench.newKey();
      await bench.write('vda', MIB, 512);
      await appliance(key);
      await until(moment, async () => (await readdir(directory)).some(shows), { everyMs: 1 });
      await killed();
      const found = await bench.session.snapshots.find(key, call);
      expect(found, moment).toBeDefined();
      const before = Buffer.from(bench.contents.get('vda')!);
      if (again) {
        // the step is repeated
        const ref = await bench.snapshot(key);
        await bench.write('vda', 7 * MIB, 512);
        expect((await bench.frozen('vda', ref)).equals(before), moment).toBe(true);
        await bench.remove(ref);
      } else await bench.remove(found!.ref);
      expect(await bench.leftovers(), moment).toEqual(NOTHING_LEFT);
      // what recorded all the while is as good as ever
      for (const moved of (await replica.cycle()).values()) expect(moved, moment).toBeDefined();
    }
}, 600_000);

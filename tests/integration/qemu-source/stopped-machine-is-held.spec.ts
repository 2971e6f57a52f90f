import { afterEach, beforeEach, expect, it } from 'vitest';
import { MIB, NOTHING_LEFT, SourceBench, VM, call, failure } from './source-bench.js';

let bench: SourceBench;

beforeEach(async () => {
  bench = await SourceBench.start([
    { key: 'vda', format: 'qcow2', sizeBytes: 4 * MIB },
    { key: 'vdb', format: 'raw', sizeBytes: 4 * MIB },
  ]);
  for (const disk of ['vda', 'vdb']) await bench.write(disk, MIB, 4096);
});
afterEach(() => bench[Symbol.asyncDispose]());

it('nobody starts the machine or writes to its disks while a snapshot shows them', async () => {
  const ref = await bench.snapshot();
  expect((await failure(bench.launcher.start(VM, call))).code).toBe('volume.in-use');
  for (const disk of ['vda', 'vdb'])
    await expect(bench.write(disk, 0, 512), disk).rejects.toMatchObject({ code: 'process.failed' });
  for (const disk of ['vda', 'vdb'])
    expect((await bench.frozen(disk, ref)).equals(bench.contents.get(disk)!)).toBe(true);
  await bench.remove(ref);
  await bench.launcher.start(VM, call);
});

it('starting it through the connection breaks the snapshot, and nothing of the new life shows in it', async () => {
  const key = bench.newKey();
  const ref = await bench.snapshot(key);
  const lease = await bench.session.disks.open('vda', ref, call);
  await bench.startMachine();
  expect(await bench.power.state(VM, call)).toBe('running');
  expect(await bench.session.snapshots.find(key, call)).toEqual({ ref, complete: false });
  expect((await failure(bench.frozen('vda', ref))).code).toBe('snapshot.failed');
  await lease[Symbol.asyncDispose]();
  // what was read before is sealed all the same
  const token = await bench.tracking.token('vda', ref, call);
  await bench.write('vda', 2 * MIB, 512);
  const again = await bench.snapshot(key);
  expect(again).not.toBe(ref);
  expect(await bench.changes('vda', token, again)).toEqual([{ offset: 2 * MIB, length: 65_536 }]);
  await bench.remove(again);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
});

it('a machine whose disk another program has is not started, and the caller may try again', async () => {
  const other = await bench.hold('vda');
  expect((await failure(bench.startMachine())).code).toBe('resource.busy');
  expect((await failure(bench.snapshot())).code).toBe('snapshot.failed');
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
  await other[Symbol.asyncDispose]();
  await bench.startMachine();
});

it('a session that ends lets go, and a later one shows the same again', async () => {
  const ref = await bench.snapshot();
  await bench.reconnect();
  expect((await bench.frozen('vdb', ref)).equals(bench.contents.get('vdb')!)).toBe(true);
  await bench.reconnect();
  // between the two somebody writes
  await bench.write('vdb', 0, 512);
  expect((await failure(bench.frozen('vdb', ref))).code).toBe('snapshot.failed');
  await bench.remove(ref);
});

it('a second snapshot under another key is refused while the first one stands', async () => {
  const ref = await bench.snapshot('key-1');
  const error = await failure(bench.snapshot('key-2'));
  expect(error.code).toBe('resource.conflict');
  expect(error.message).toContain('key-1');
  expect((await failure(bench.tracking.disable(VM, call))).code).toBe('resource.busy');
  await bench.remove(ref);
  await bench.remove(await bench.snapshot('key-2'));
});

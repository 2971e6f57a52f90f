import { copyFile, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plugin } from '@ossea/plugin-qemu-source';
import type { VmDescription } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MIB, SourceBench, VM, call, failure } from './source-bench.js';

let bench: SourceBench;

beforeEach(async () => {
  bench = await SourceBench.start([
    { key: 'vda', format: 'qcow2', sizeBytes: 8 * MIB },
    { key: 'vdb', format: 'raw', sizeBytes: 3 * MIB + 512 },
  ]);
});
afterEach(() => bench[Symbol.asyncDispose]());

const describeVm = (): Promise<VmDescription> => bench.session.inventory.describe(VM, call);
const backings = async () => (await describeVm()).disks.map(({ backing }) => backing);

it('tells what a machine is made of', async () => {
  expect(await describeVm()).toMatchObject({
    id: VM,
    name: 'Machine',
    power: 'stopped',
    cpus: 1,
    memoryBytes: 64 * MIB,
    firmware: 'bios',
    disks: [
      { key: 'vda', label: 'vda', sizeBytes: 8 * MIB, boot: true },
      { key: 'vdb', label: 'vdb', sizeBytes: 3 * MIB + 512, boot: false },
    ],
    nics: [{ key: 'nic0', mac: '52:54:00:00:00:11', network: 'default' }],
    concerns: [{ code: 'tracking.lost-at-stop', severity: 'information' }],
  });
});

it('a disk is another one when its file was replaced, and the same when it was written or the machine ran', async () => {
  const before = await backings();
  await bench.write('vda', 0, 4096);
  await bench.startMachine();
  await bench.write('vdb', 0, 4096);
  await bench.remove(await bench.snapshot());
  await bench.stop();
  expect(await backings()).toEqual(before);
  await copyFile(bench.file('vda'), `${bench.file('vda')}.copy`);
  await rename(`${bench.file('vda')}.copy`, bench.file('vda'));
  const [vda, vdb] = await backings();
  expect(vda).not.toBe(before[0]);
  expect(vdb).toBe(before[1]);
});

it('a host keeps its identity over sessions and names, and another directory is another host', async () => {
  const { hostId } = await describeVm();
  await bench.reconnect();
  expect((await describeVm()).hostId).toBe(hostId);
  const [connection, other] = [bench.settings, join(bench.directory, 'other')];
  await mkdir(other);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const context = { log, scratchDir: bench.directory, run: bench.run };
  await rename(connection.machinesDir, join(bench.directory, 'moved'));
  const machinesDir = join(bench.directory, 'moved');
  const moved = await plugin.connect({ machinesDir }, context, call);
  expect((await moved.inventory.describe(VM, call)).hostId).toBe(hostId);
  await rename(machinesDir, connection.machinesDir);
  const machine = await bench.launcher.read(VM);
  await mkdir(join(other, VM));
  await writeFile(join(other, VM, 'machine.json'), JSON.stringify(machine));
  const stranger = await plugin.connect({ machinesDir: other }, context, call);
  expect((await stranger.inventory.describe(VM, call)).hostId).not.toBe(hostId);
});

it('what cannot be replicated is a blocker with a remedy, and hides nothing else', async () => {
  await truncate(bench.file('vdb'), 1000);
  await rm(bench.file('vda'));
  const { disks, concerns } = await describeVm();
  expect(disks.map(({ sizeBytes }) => sizeBytes)).toEqual([0, 1000]);
  const blockers = concerns.filter(({ severity }) => severity === 'blocker');
  expect(blockers.map(({ code }) => code)).toEqual(['disk.unreadable', 'disk.size-invalid']);
  for (const { message, remedy } of blockers) expect(message.length * remedy.length).toBeGreaterThan(0);
  expect(blockers[1]!.message).toContain('1000');
});

it('a machine that cannot be read is left out of the list, and refused when it is asked for', async () => {
  const broken = bench.launcher.paths('broken');
  await mkdir(broken.directory);
  await writeFile(broken.definition, '{');
  const listed = [];
  for await (const { id, power } of bench.session.inventory.list(call)) listed.push([id, power]);
  expect(listed).toEqual([[VM, 'stopped']]);
  expect((await failure(bench.session.inventory.describe('broken', call))).code).toBe('config.invalid');
});

it.each(['missing', 'file'])('a directory that is none (%s) is no host', async (kind) => {
  const machinesDir = join(bench.directory, kind);
  if (kind === 'file') await writeFile(machinesDir, '');
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const context = { log, scratchDir: bench.directory, run: bench.run };
  expect((await failure(plugin.connect({ machinesDir }, context, call))).code).toBe('config.invalid');
});

import { mkdtemp, mkdir, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMigrationError } from '@ossea/errors';
import { plugin } from '@ossea/plugin-qemu-source';
import type { Extent, SourceSession } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { MachineLauncher } from '@ossea/qemu';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  buildGuestImages,
  checkRecords,
  guestMachine,
  readGuestConsole,
  type GuestConsole,
  type GuestImages,
} from '../../stack/guest/index.js';
import { until } from '../../stack/probe.js';
import { MIB, call } from './source-bench.js';

const VM = 'guest';
const DISKS = ['vda', 'vdb'] as const;
const run = createProcessRunner();
let directory = '';
let images: GuestImages;
let launcher: MachineLauncher;
let session: SourceSession;
/** Of the last sealed cycle. */
const tokens = new Map<string, string>();

const consoleOf = async (): Promise<GuestConsole> =>
  readGuestConsole(await readFile(launcher.paths(VM).serialLog, 'utf8'));
const target = (disk: string): string => join(directory, `${disk}.target`);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'qg-'));
  const machinesDir = join(directory, 'm');
  await mkdir(machinesDir);
  const diskBytes = { vda: 128 * MIB, vdb: 128 * MIB };
  const seed = 'qemu-source';
  images = await buildGuestImages({ directory: join(directory, 'i'), diskBytes, fillBytes: 16 * MIB, seed });
  launcher = new MachineLauncher({ runner: run, machinesDir });
  const machine = guestMachine({ id: VM, name: 'Guest', images, mac: '52:54:00:00:00:12' });
  await launcher.define({ ...machine, accelerator: 'tcg' });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  session = await plugin.connect({ machinesDir }, { log, scratchDir: directory, run }, call);
  await session.can.power!.start(VM, call);
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await launcher.stop(VM, { ...call, force: true, timeoutMs: 10_000 });
  await rm(directory, { recursive: true, force: true });
});

async function changesOf(disk: string, snapshot: string): Promise<Extent[] | undefined> {
  const since = tokens.get(disk);
  if (since === undefined) return undefined;
  const extents: Extent[] = [];
  try {
    for await (const extent of session.can.changedBlocks!.changes(disk, { since, until: snapshot }, call))
      extents.push(extent);
    return extents;
  } catch (error) {
    if (isMigrationError(error) && error.code === 'tracking.reset') return undefined;
    throw error;
  }
}

/** One cycle to the targets; how much it moved, `undefined` for a full one. */
async function cycle(key: string): Promise<number | undefined> {
  const snapshot = await session.snapshots.create({ vm: VM, quiesce: true }, { key, ...call });
  let moved: number | undefined;
  for (const disk of DISKS) {
    const extents = await changesOf(disk, snapshot);
    await using lease = await session.disks.open(disk, snapshot, call);
    if (lease.value.transport !== 'nbd-unix') throw new Error('a Unix socket was expected');
    const uri = `nbd+unix:///${lease.value.exportName}?socket=${lease.value.path}`;
    const frozen = join(directory, 'frozen.raw');
    await run.exec({ command: 'nbdcopy', args: [uri, extents ? frozen : target(disk)] }, call);
    for (const extent of extents ?? [])
      moved = (moved ?? 0) + (await copyRange(frozen, target(disk), extent));
    tokens.set(disk, await session.can.changedBlocks!.token(disk, snapshot, call));
  }
  await session.snapshots.remove(snapshot, call);
  return moved;
}

async function copyRange(from: string, to: string, { offset, length }: Extent): Promise<number> {
  const [source, sink] = [await open(from), await open(to, 'r+')];
  try {
    const { buffer } = await source.read(Buffer.alloc(length), 0, length, offset);
    await sink.write(buffer, 0, length, offset);
    return length;
  } finally {
    await source.close();
    await sink.close();
  }
}

const records = () => checkRecords({ vdaRaw: target('vda'), vdbRaw: target('vdb') });

/** Waits until the guest has written on for a while; the last record that it said was durable. */
async function written(atLeast: number): Promise<number> {
  return until(
    `the guest wrote record ${atLeast}`,
    async () => {
      const { acked = 0, failure } = await consoleOf();
      if (failure !== undefined) throw new Error(failure);
      return acked >= atLeast ? acked : undefined;
    },
    { timeoutMs: 120_000 },
  );
}

it('a running guest is frozen with both disks at one moment, cycle after cycle', async () => {
  let acked = await written(500);
  expect(await cycle('full')).toBeUndefined();
  for (const key of ['second', 'third', 'fourth']) {
    expect(await records()).toMatchObject({ torn: 0, missing: 0 });
    expect((await records()).last).toBeGreaterThanOrEqual(acked);
    acked = await written(acked + 300);
    expect(await cycle(key)).toBeGreaterThan(0);
  }
  expect(await records()).toMatchObject({ torn: 0, missing: 0 });
}, 300_000);

it('after the guest has shut down the last cycle moves what was left, and the target is the source', async () => {
  await written(((await consoleOf()).acked ?? 0) + 100);
  await session.can.power!.stop(VM, { ...call, force: false, timeoutMs: 90_000 });
  expect(await session.can.power!.state(VM, call)).toBe('stopped');
  const { finalAcked } = await consoleOf();
  const moved = await cycle('final');
  expect(moved).toBeGreaterThan(0);
  expect(moved).toBeLessThan(100 * MIB);
  expect(await records()).toMatchObject({ last: finalAcked, torn: 0, missing: 0 });
  for (const disk of DISKS)
    await run.exec(
      { command: 'qemu-img', args: ['compare', '-f', 'qcow2', '-F', 'raw', images[disk], target(disk)] },
      call,
    );
}, 300_000);

it('after the way back the source boots, and the next cycle is incremental', async () => {
  await session.can.power!.start(VM, call);
  await until(
    'the guest has read its records back',
    async () => {
      const { boots, found } = await consoleOf();
      return boots === 2 && found?.complete;
    },
    { timeoutMs: 120_000 },
  );
  const acked = await written(((await consoleOf()).found?.last ?? 0) + 200);
  expect(await cycle('after')).toBeGreaterThan(0);
  expect(await records()).toMatchObject({ torn: 0, missing: 0 });
  expect((await records()).last).toBeGreaterThanOrEqual(acked);
}, 300_000);

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { plugin } from '@ossea/plugin-qemu-target';
import type { PluginContext, TargetSession, VolumeRef } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  buildGuestImages,
  checkRecords,
  readGuestConsole,
  type GuestConsole,
} from '../../stack/guest/index.js';
import { until } from '../../stack/probe.js';

const MIB = 1024 * 1024;
const signal = new AbortController().signal;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const placement = { format: 'raw', accelerator: 'tcg' } as const;
let directory = '';
let session: TargetSession<typeof placement>;

const connect = async (): Promise<typeof session> => {
  const context: PluginContext = { log: silent, scratchDir: directory, run: createProcessRunner() };
  const settings = { poolDir: join(directory, 'p'), machinesDir: join(directory, 'm') };
  return (await plugin.connect(settings, context, { signal })) as typeof session;
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gt-'));
  session = await connect();
});
afterAll(async () => {
  for (const key of ['original', 'copy']) {
    const found = await session.machines.find(key, { signal });
    if (found) await session.machines.remove(found.ref, { signal });
  }
  await session[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** A volume that holds an image, as a replication would have left it. */
async function volumeOf(key: string, image: string, sizeBytes: number): Promise<VolumeRef> {
  const volume = await session.volumes.create({ name: key, sizeBytes, placement }, { key, signal });
  const lease = await session.volumes.open(volume, { signal });
  await promisify(execFile)('qemu-img', ['convert', '-n', '-O', 'raw', image, lease.value.path]);
  await lease[Symbol.asyncDispose]();
  return volume;
}

async function createMachine(key: string, volumes: readonly VolumeRef[], network: string): Promise<string> {
  return session.machines.create(
    {
      name: key,
      cpus: 1,
      memoryBytes: 256 * MIB,
      firmware: 'bios',
      disks: volumes.map((volume, index) => ({ volume, boot: index === 0 })),
      nics: [{ mac: '52:54:00:00:00:01', network }],
      placement,
    },
    { key, signal },
  );
}

async function consoleOf(machine: string): Promise<GuestConsole> {
  const log = await session.can.consoleScreenshot?.serialLog?.(machine, { signal, maxBytes: 64 * 1024 });
  return readGuestConsole(log ?? '');
}

it('a guest on volumes of the pool boots, is found by a later session, and its snapshot boots as a copy that leaves it alone', async () => {
  const sizes = { vda: 128 * MIB, vdb: 128 * MIB };
  const images = await buildGuestImages({ directory, diskBytes: sizes, fillBytes: 16 * MIB, seed: 't' });
  const volumes = [
    await volumeOf('vda', images.vda, sizes.vda),
    await volumeOf('vdb', images.vdb, sizes.vdb),
  ];
  const machine = await createMachine('original', volumes, 'default');
  await session.machines.start(machine, { signal });
  await until('it has written', async () => ((await consoleOf(machine)).acked ?? 0) > 1500, {
    timeoutMs: 90_000,
  });

  await session[Symbol.asyncDispose]();
  session = await connect();
  expect(await session.machines.find('original', { signal })).toEqual({ ref: machine, complete: true });
  expect(await session.machines.state(machine, { signal })).toBe('running');
  await session.machines.stop(machine, { signal });
  const { acked = 0 } = await consoleOf(machine);
  await session.machines.remove(machine, { signal });

  const held = await Promise.all(volumes.map((volume) => session.volumes.open(volume, { signal })));
  const before = await checkRecords({ vdaRaw: held[0]!.value.path, vdbRaw: held[1]!.value.path });
  expect(before).toMatchObject({ torn: 0, missing: 0 });
  expect(before.last).toBeGreaterThanOrEqual(acked);
  const snapshots = session.can.volumeSnapshots!.whileAttached!;
  const copies: VolumeRef[] = [];
  for (const [index, volume] of volumes.entries()) {
    const snapshot = await snapshots.create({ volume }, { key: `snapshot-${index}`, signal });
    const spec = { snapshot, name: `copy ${index}` };
    copies.push(await snapshots.volumeFromSnapshot.create(spec, { key: `copy-${index}`, signal }));
  }
  const network = await session.can.isolatedNetworks!.create({ name: 'test' }, { key: 'test', signal });
  const copy = await createMachine('copy', copies, network);
  await session.machines.start(copy, { signal });
  const said = await until(
    'the copy writes on',
    async () => {
      const now = await consoleOf(copy);
      return (now.acked ?? 0) > before.last + 1000 ? now : undefined;
    },
    { timeoutMs: 90_000 },
  );
  expect(said.found).toEqual({ last: before.last, complete: true });
  const picture = await session.can.consoleScreenshot!.screenshot(copy, { signal });
  expect(Buffer.from(picture.base64, 'base64').subarray(1, 4).toString()).toBe('PNG');

  await session.machines.remove(copy, { signal });
  for (const volume of copies) await session.volumes.remove(volume, { signal });
  expect(existsSync(join(directory, 'm', copy))).toBe(false);
  expect(await checkRecords({ vdaRaw: held[0]!.value.path, vdbRaw: held[1]!.value.path })).toEqual(before);
});

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  buildGuestImages,
  checkRecords,
  type GuestImages,
  type RecordCheck,
} from '../../stack/guest/index.js';
import { until } from '../../stack/probe.js';
import { runGuest, type RunningGuest } from './run-guest.js';

const MIB = 1024 * 1024;
let directory = '';
let images: GuestImages;
let guest: RunningGuest | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guest-'));
  images = await buildGuestImages({
    directory,
    diskBytes: { vda: 128 * MIB, vdb: 160 * MIB },
    fillBytes: 64 * MIB,
    seed: 'boots',
  });
});
afterAll(async () => {
  await guest?.kill();
  await rm(directory, { recursive: true, force: true });
});

async function check(): Promise<RecordCheck> {
  const raws = [];
  for (const image of [images.vda, images.vdb]) {
    const raw = `${image}.raw`;
    await promisify(execFile)('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image, raw]);
    raws.push(raw);
  }
  return checkRecords({ vdaRaw: raws[0]!, vdbRaw: raws[1]! });
}

const wholeUpTo = (last: number): object => ({ last, torn: 0, missing: 0 });

it('boots from its own disk, writes, and holds every acknowledged record in order after kill -9 and after power off', async () => {
  guest = await runGuest(images, directory);
  const killed = guest;
  const wanted = 4000;
  const { found } = await until(
    'the guest finds its empty rings',
    async () => {
      const said = await killed.console();
      return said.found && said;
    },
    { timeoutMs: 90_000 },
  );
  expect(found).toEqual({ last: 0, complete: true });
  const began = Date.now();
  const acked = await until(
    `${wanted} records are acknowledged`,
    async () => {
      const now = (await killed.console()).acked ?? 0;
      return now >= wanted ? now : undefined;
    },
    { timeoutMs: 60_000 },
  );
  // 4 MiB/s on an idle machine; shared cores get some leave
  expect(acked / ((Date.now() - began) / 1000)).toBeGreaterThan(400);
  await killed.kill();
  const afterKill = await check();
  expect(afterKill).toMatchObject({ torn: 0, missing: 0 });
  expect(afterKill.last).toBeGreaterThanOrEqual(acked);

  guest = await runGuest(images, directory);
  const second = guest;
  await until('it writes on', async () => ((await second.console()).acked ?? 0) > afterKill.last + 2000, {
    timeoutMs: 90_000,
  });
  await second.pressPowerButton();
  const words = await second.ended();
  expect(words.found).toEqual({ last: afterKill.last, complete: true });
  expect(words.failure).toBeUndefined();
  expect(await check()).toMatchObject(wholeUpTo(words.finalAcked ?? -1));
});

it('carries data that is not zero, the same for the same seed and another for another', async () => {
  const sums = [];
  for (const seed of ['boots', 'boots', 'other']) {
    const other = join(directory, `again-${sums.length}`);
    const built = await buildGuestImages({
      directory: other,
      diskBytes: { vda: 128 * MIB, vdb: 160 * MIB },
      fillBytes: 64 * MIB,
      seed,
    });
    const raw = join(other, 'vdb.raw');
    await promisify(execFile)('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', built.vdb, raw]);
    sums.push((await promisify(execFile)('sha256sum', ['-b', raw])).stdout.split(' ')[0]);
    const map = JSON.parse(
      (await promisify(execFile)('qemu-img', ['map', '--output=json', built.vdb])).stdout,
    ) as {
      length: number;
      data: boolean;
    }[];
    const data = map.filter((extent) => extent.data).reduce((sum, extent) => sum + extent.length, 0);
    expect(data).toBeGreaterThanOrEqual(64 * MIB);
  }
  expect(sums[0]).toBe(sums[1]);
  expect(sums[0]).not.toBe(sums[2]);
});

it('refuses disks that are too small, odd, or without room for the data', async () => {
  const attempt = (vda: number, vdb: number, fillBytes: number): Promise<GuestImages> =>
    buildGuestImages({ directory, diskBytes: { vda, vdb }, fillBytes, seed: 's' });
  await expect(attempt(64 * MIB, 128 * MIB, 0)).rejects.toThrow(/128 MiB/);
  await expect(attempt(128 * MIB + 100, 128 * MIB, 0)).rejects.toThrow(/multiple of 512/);
  await expect(attempt(128 * MIB, 128 * MIB, 65 * MIB)).rejects.toThrow(/do not fit/);
});

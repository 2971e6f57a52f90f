import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MIB, NOTHING_LEFT, SourceBench, VM, call, failure } from './source-bench.js';

const exec = promisify(execFile);

/** A small file system of one's own takes the right to mount one. */
const canMount = ((): boolean => {
  const directory = mkdtempSync(join(tmpdir(), 'mnt-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
})();

let bench: SourceBench;
let folder = '';

/** The machine's folder, where the overlays are, on a file system of this size; its disks lie elsewhere. */
async function mountFolder(size: string): Promise<void> {
  const machine = await bench.launcher.read(VM);
  await exec('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', folder]);
  await bench.launcher.define(machine);
}

beforeEach(async () => {
  bench = await SourceBench.start();
  folder = bench.launcher.paths(VM).directory;
});
afterEach(async () => {
  await bench.stop();
  await exec('umount', ['-l', folder]).catch(() => undefined);
  await bench[Symbol.asyncDispose]();
});

it.runIf(canMount)('the guest goes on writing when what it overwrites cannot be kept', async () => {
  await mountFolder('300m');
  await bench.startMachine();
  await bench.write('vda', 0, 6 * MIB);
  const key = bench.newKey();
  const ref = await bench.snapshot(key);
  const filler = join(folder, 'filler');
  const { bavail, bsize } = await statfs(folder);
  await writeFile(filler, Buffer.alloc(bavail * bsize - MIB));
  await bench.write('vda', 0, 6 * MIB);

  expect(await bench.power.state(VM, call)).toBe('running');
  expect(await bench.session.snapshots.find(key, call)).toEqual({ ref, complete: false });
  expect((await failure(bench.frozen('vda', ref))).code).toBe('snapshot.failed');

  await rm(filler);
  const again = await bench.snapshot(key);
  expect(again).not.toBe(ref);
  // every byte that the guest wrote meanwhile is there
  expect((await bench.frozen('vda', again)).equals(bench.contents.get('vda')!)).toBe(true);
  await bench.remove(again);
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
});

it.runIf(canMount)('a snapshot that has no room from the start is refused, and changes nothing', async () => {
  await mountFolder('64m');
  await bench.startMachine();
  const error = await failure(bench.snapshot());
  expect(error).toMatchObject({ code: 'storage.full', context: { end: 'source' } });
  expect(await bench.leftovers()).toEqual(NOTHING_LEFT);
  expect(await bench.bitmaps('vda')).toEqual([]);
});

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PluginContext, ProcessRunner, VolumeRef } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idOf } from './identity.js';
import { Pool } from './pool.js';
import { removeUnusedSnapshotFiles } from './snapshot-files.js';
import { VolumeSnapshots } from './volume-snapshots.js';
import { Volumes } from './volumes.js';

const MIB = 1 << 20;
const signal = new AbortController().signal;
const raw = { format: 'raw', accelerator: 'auto' } as const;
const exec: ProcessRunner['exec'] = ({ command, args }) => promisify(execFile)(command, [...args]);

let poolDir = '';
let pool: Pool;
let volumes: Volumes;
/** What runs programs; a test may put one in its place that dies half-way. */
let run: ProcessRunner['exec'] = exec;

beforeEach(async () => {
  run = exec;
  poolDir = await mkdtemp(join(tmpdir(), 'pool-'));
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const start = () => Promise.reject(new Error('nothing is started here'));
  const context: PluginContext = {
    log: silent,
    scratchDir: poolDir,
    run: { exec: (...a) => run(...a), start },
  };
  pool = await Pool.open(poolDir, context);
  volumes = new Volumes(pool);
});
afterEach(() => rm(poolDir, { recursive: true, force: true }));

const make = (key: string, sizeBytes = MIB): Promise<VolumeRef> =>
  volumes.create({ name: key, sizeBytes, placement: raw }, { key, signal });
const pathOf = (ref: VolumeRef): string => join(poolDir, 'volumes', `${ref}.raw`);
const fill = (ref: VolumeRef, byte: number): Promise<void> => writeFile(pathOf(ref), Buffer.alloc(MIB, byte));
const firstByte = async (path: string): Promise<number | undefined> => (await readFile(path))[0];

describe('volumes', () => {
  it.each([0, -512, 513, 1.5, Number.NaN, 2 ** 53])('of %d bytes are refused', async (sizeBytes) => {
    await expect(make('odd', sizeBytes)).rejects.toMatchObject({ code: 'disk.size-invalid' });
    expect(await volumes.find('odd', { signal })).toBeUndefined();
  });

  it('of 64 TiB are made whole, or refused as too large with nothing left behind', async () => {
    const sizeBytes = 64 * 2 ** 40;
    const outcome = await make('huge', sizeBytes).catch((error: unknown) => error);
    if (typeof outcome === 'string') expect((await stat(pathOf(outcome))).size).toBe(sizeBytes);
    else {
      expect(outcome).toMatchObject({ code: 'disk.too-large' });
      expect(await readdir(join(poolDir, 'volumes'))).toEqual([]);
    }
  });

  it('take no space until they are written', async () => {
    const { size, blocks } = await stat(pathOf(await make('sparse', 64 * MIB)));
    expect(size).toBe(64 * MIB);
    expect(blocks * 512).toBeLessThan(MIB);
  });

  it('as qcow2 open as qcow2 of the same size', async () => {
    const placement = { ...raw, format: 'qcow2' } as const;
    const ref = await volumes.create({ name: 'q', sizeBytes: MIB + 512, placement }, { key: 'q', signal });
    const lease = await volumes.open(ref, { signal });
    expect(lease.value).toMatchObject({ format: 'qcow2', sizeBytes: MIB + 512 });
    expect(
      (await exec({ command: 'qemu-img', args: ['info', lease.value.path] }, { signal })).stdout,
    ).toContain(`(${MIB + 512} bytes)`);
  });

  it('that a crash left half made are found as such, and finished by the same key', async () => {
    const ref = idOf('volume', 'k');
    const draft = {
      version: 1,
      key: 'k',
      name: 'k',
      sizeBytes: MIB,
      format: 'raw',
      file: `${ref}.raw`,
    } as const;
    await pool.volumes.write(ref, { ...draft, state: 'making' });
    await writeFile(`${pathOf(ref)}.making`, 'half');
    expect(await volumes.find('k', { signal })).toEqual({ ref, complete: false });
    await expect(volumes.open(ref, { signal })).rejects.toMatchObject({ code: 'resource.not-found' });
    expect(await make('k')).toBe(ref);
    expect(await volumes.find('k', { signal })).toEqual({ ref, complete: true });
    expect(existsSync(`${pathOf(ref)}.making`)).toBe(false);
  });

  it('that a crash left half removed are removed by the next try', async () => {
    const ref = await make('k');
    const record = await pool.volume(ref);
    await pool.volumes.write(ref, { ...record, state: 'removing' });
    await rm(pathOf(ref));
    expect(await volumes.find('k', { signal })).toEqual({ ref, complete: false });
    await volumes.remove(ref, { signal });
    expect(await readdir(join(poolDir, 'volumes'))).toEqual([]);
  });

  it('are neither opened twice nor removed while open, and disposing a session gives them back', async () => {
    const ref = await make('k');
    await volumes.open(ref, { signal });
    const other = new Volumes(pool);
    await expect(other.open(ref, { signal })).rejects.toMatchObject({ code: 'volume.in-use' });
    await expect(other.remove(ref, { signal })).rejects.toMatchObject({ code: 'volume.in-use' });
    await volumes.closeAll();
    await other.open(ref, { signal });
  });

  it('of a machine are neither opened nor removed, and nobody holds a lease after the refusal', async () => {
    const ref = await make('k');
    const id = idOf('machine', 'm');
    await pool.machines.write(id, { version: 1, key: 'm', name: 'web', volumes: [ref], state: 'ready' });
    await expect(volumes.open(ref, { signal })).rejects.toThrow(/attached to the machine web/);
    await expect(volumes.remove(ref, { signal })).rejects.toMatchObject({ code: 'volume.in-use' });
    await pool.machines.remove(id);
    await volumes.open(ref, { signal });
  });

  it('whose file is gone are not found', async () => {
    const ref = await make('k');
    await rm(pathOf(ref));
    await expect(volumes.open(ref, { signal })).rejects.toMatchObject({ code: 'resource.not-found' });
  });

  it('with a record that is no JSON are an error, not a gap', async () => {
    const ref = await make('k');
    await writeFile(join(poolDir, 'volumes', `${ref}.json`), '{');
    await expect(volumes.find('k', { signal })).rejects.toMatchObject({ code: 'storage.io-failed' });
  });
});

describe('snapshots', () => {
  let snapshots: VolumeSnapshots;
  let volume: VolumeRef;
  beforeEach(async () => {
    snapshots = new VolumeSnapshots(pool, volumes, 'while-detached');
    volume = await make('v');
    await fill(volume, 1);
  });
  const snapshotFiles = async (): Promise<string[]> =>
    (await readdir(join(poolDir, 'snapshots'))).filter((name) => !name.endsWith('.json'));

  /** Writes half of the copy and dies, as a killed `cp` would. */
  const dieHalfWay: ProcessRunner['exec'] = async ({ args }) => {
    await writeFile(args.at(-1)!, Buffer.alloc(1000, 9));
    throw new Error('killed');
  };

  it('stay sparse', async () => {
    const sparse = await make('sparse', 64 * MIB);
    const file = await open(pathOf(sparse), 'r+');
    await file.write(Buffer.alloc(4096, 1), 0, 4096, 32 * MIB);
    await file.close();
    await snapshots.create({ volume: sparse }, { key: 's', signal });
    const copy = join(poolDir, 'snapshots', (await snapshotFiles())[0]!);
    expect(await stat(copy)).toMatchObject({ size: 64 * MIB });
    expect((await stat(copy)).blocks * 512).toBeLessThan(MIB);
  });

  it('of an open volume are refused when they need it detached, and taken when they do not', async () => {
    await volumes.open(volume, { signal });
    await expect(snapshots.create({ volume }, { key: 's', signal })).rejects.toMatchObject({
      code: 'volume.in-use',
    });
    const attached = new VolumeSnapshots(pool, volumes, 'while-attached');
    await attached.create({ volume }, { key: 's', signal });
    expect(await snapshotFiles()).toHaveLength(1);
  });

  it('that failed half-way leave nothing', async () => {
    run = dieHalfWay;
    await expect(snapshots.create({ volume }, { key: 's', signal })).rejects.toMatchObject({
      name: 'MigrationError',
    });
    expect(await snapshots.find('s', { signal })).toBeUndefined();
    expect(await snapshotFiles()).toEqual([]);
  });

  it('a revert that died half-way leaves the volume as it was, and its repetition reverts', async () => {
    const snapshot = await snapshots.create({ volume }, { key: 's', signal });
    await fill(volume, 2);
    run = dieHalfWay;
    await expect(snapshots.revert(snapshot, { signal })).rejects.toMatchObject({ name: 'MigrationError' });
    expect((await readFile(pathOf(volume))).equals(Buffer.alloc(MIB, 2))).toBe(true);
    // what a kill of this very process leaves
    await writeFile(`${pathOf(volume)}.copying`, 'half');
    run = exec;
    await snapshots.revert(snapshot, { signal });
    expect((await readFile(pathOf(volume))).equals(Buffer.alloc(MIB, 1))).toBe(true);
    expect(existsSync(`${pathOf(volume)}.copying`)).toBe(false);
  });

  it('a removed one keeps its file as long as a volume reads through to it, over restarts', async () => {
    const snapshot = await snapshots.create({ volume }, { key: 's', signal });
    const spec = { snapshot, name: 'clone' };
    const clone = await snapshots.volumeFromSnapshot.create(spec, { key: 'c', signal });
    await snapshots.remove(snapshot, { signal });
    expect(await snapshots.find('s', { signal })).toBeUndefined();
    await removeUnusedSnapshotFiles(pool);
    const { value } = await volumes.open(clone, { signal });
    await volumes.closeAll();
    const flat = join(poolDir, 'flat.raw');
    await exec({ command: 'qemu-img', args: ['convert', '-O', 'raw', value.path, flat] }, { signal });
    expect(await firstByte(flat)).toBe(1);
    // a snapshot of the clone needs the file as well
    const second = await snapshots.create({ volume: clone }, { key: 's2', signal });
    await volumes.remove(clone, { signal });
    expect(await snapshotFiles()).toHaveLength(2);
    await snapshots.remove(second, { signal });
    expect(await snapshotFiles()).toEqual([]);
  });

  it('the same key after a removal makes a new one beside the file that is still read through', async () => {
    const old = await snapshots.create({ volume }, { key: 's', signal });
    const clone = await snapshots.volumeFromSnapshot.create(
      { snapshot: old, name: 'c' },
      { key: 'c', signal },
    );
    await snapshots.remove(old, { signal });
    await fill(volume, 2);
    await snapshots.create({ volume }, { key: 's', signal });
    const flat = join(poolDir, 'flat.raw');
    const { value } = await volumes.open(clone, { signal });
    await exec({ command: 'qemu-img', args: ['convert', '-O', 'raw', value.path, flat] }, { signal });
    expect(await firstByte(flat)).toBe(1);
    expect(await snapshotFiles()).toHaveLength(2);
  });

  it('a crash between record and file leaves something that create finishes', async () => {
    const snapshot = await snapshots.create({ volume }, { key: 's', signal });
    const record = (await pool.snapshots.read(snapshot))!;
    await pool.snapshots.write(snapshot, { ...record, state: 'making' });
    expect(await snapshots.find('s', { signal })).toEqual({ ref: snapshot, complete: false });
    await expect(snapshots.revert(snapshot, { signal })).rejects.toMatchObject({
      code: 'resource.not-found',
    });
    expect(await snapshots.create({ volume }, { key: 's', signal })).toBe(snapshot);
    expect(await snapshotFiles()).toHaveLength(1);
  });
});

import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RunRooms } from './run-rooms.js';

let scratch = '';
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'rr-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

it('gives every reader a directory of its own, with names that fit into the path of a socket', async () => {
  const rooms = await RunRooms.open(scratch);
  const [one, two] = await Promise.all([rooms.take(), rooms.take()]);
  expect(one!.path).not.toBe(two!.path);
  expect((await stat(one!.path)).mode & 0o777).toBe(0o700);
  expect(one!.socket).toMatch(new RegExp(`^${scratch}/n/[0-9a-f]{6}/s$`));
  await one!.remove();
  await one!.remove();
  await two!.remove();
  expect(await readdir(join(scratch, 'n'))).toEqual([]);
});

it('writes files that nobody else can read, whole or not at all', async () => {
  const room = await (await RunRooms.open(scratch)).take();
  await room.write('c', 'old');
  await chmod(room.file('c'), 0o644);
  expect(await room.write('c', 'new')).toBe(room.file('c'));
  expect(await readFile(room.file('c'), 'utf8')).toBe('new');
  expect((await stat(room.file('c'))).mode & 0o777).toBe(0o600);
  expect(await readdir(room.path)).toEqual(['c']);
  await room.remove();
});

it('takes away what a crash left, and leaves what is in use', async () => {
  const room = await (await RunRooms.open(scratch)).take();
  const left = join(scratch, 'n/0a1b2c');
  await mkdir(left);
  await writeFile(join(left, 'w'), 'secret');
  const later = await RunRooms.open(scratch);
  expect(await readdir(join(scratch, 'n'))).toEqual([room.path.slice(-6)]);
  await room.remove();
  await later.take().then((other) => other.remove());
});

it('says so when no socket could lie there', async () => {
  const deep = join(scratch, 'x'.repeat(96 - scratch.length - 1));
  await expect(RunRooms.open(`${deep}y`)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringMatching(/1 bytes too long.*shorter path/) as string,
  });
  const room = await (await RunRooms.open(deep)).take();
  expect(Buffer.byteLength(room.socket)).toBe(107);
  await room.remove();
});

import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KeyFiles } from './key-files.js';
import { SecretBox } from './secret-box.js';
import { placeOf } from './sealed-columns.js';

const PLACE = placeOf('con_1', 'password');
let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keys-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const at = (file: string) => KeyFiles.open({ kind: 'file', file });
const boxAt = async (file: string) => new SecretBox((await at(file)).ring);

it('makes the first key once, for its owner only, whole, and the same for all who come at that moment', async () => {
  const file = join(directory, 'kek');
  const [one, ...others] = await Promise.all([1, 2, 3, 4].map(() => boxAt(file)));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(file)).size).toBe(32);
  for (const other of others) expect(other.open(one!.seal('s', PLACE), PLACE)).toBe('s');
  expect((await boxAt(file)).open(one!.seal('s', PLACE), PLACE)).toBe('s');
  expect(await readdir(directory)).toEqual(['kek']);
});

it.each([0o640, 0o604, 0o620, 0o644])('refuses a key file with mode %o', async (mode) => {
  const file = join(directory, 'kek');
  await at(file);
  await chmod(file, mode);
  await expect(at(file)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('only its owner'),
  });
});

it.each([0, 16, 31, 33])('refuses a key of %i bytes', async (size) => {
  const file = join(directory, 'kek');
  await writeFile(file, randomBytes(size), { mode: 0o600 });
  await expect(at(file)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('32 bytes'),
  });
});

it.each([
  ['whose directory is missing', 'nowhere/kek'],
  ['that is a directory', '.'],
])('refuses a key file %s', async (_what, name) => {
  await expect(at(join(directory, name))).rejects.toMatchObject({ code: 'config.invalid' });
});

it('makes no new key where only the old ones are left', async () => {
  await writeFile(join(directory, 'kek.old'), randomBytes(32), { mode: 0o600 });
  await expect(at(join(directory, 'kek'))).rejects.toMatchObject({ code: 'config.invalid' });
});

it('reads keys that systemd or an operator put there, seals with the newest and opens with each', async () => {
  await mkdir(join(directory, 'c'));
  const file = join(directory, 'c', 'kek');
  const [old, present] = [randomBytes(32), randomBytes(32)];
  // systemd grants the service its credentials by an access list, which shows as the right of the group
  await writeFile(file, present, { mode: 0o440 });
  await writeFile(`${file}.old`, old, { mode: 0o440 });
  const keys = await KeyFiles.open({ kind: 'credential', file });
  const box = new SecretBox(keys.ring);
  expect(box.open(SecretBox.withKey(old).seal('s', PLACE), PLACE)).toBe('s');
  expect(SecretBox.withKey(present).open(box.seal('s', PLACE), PLACE)).toBe('s');
  await expect(keys.mustBeOurs()).rejects.toMatchObject({
    code: 'secrets.keys-not-ours',
    message: expect.stringContaining('ossea secrets rewrap'),
  });
  await chmod(file, 0o444);
  await expect(KeyFiles.open({ kind: 'credential', file })).rejects.toMatchObject({ code: 'config.invalid' });
  await expect(
    KeyFiles.open({ kind: 'credential', file: join(directory, 'c', 'none') }),
  ).rejects.toMatchObject({ code: 'config.invalid' });
});

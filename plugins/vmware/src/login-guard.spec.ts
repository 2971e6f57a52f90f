import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LoginGuard } from './login-guard.js';

const CANARY = 'c4nary-passw0rd';
let directory: string;
let now = 1_000_000;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'lg-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));
const guard = (password = CANARY) => LoginGuard.open(directory, { username: 'u', password }, () => now);
const rejected = { code: 'auth.rejected' };

it('lets a password be rejected twice, also over restarts, and then not before a quarter of an hour', async () => {
  for (let round = 0; round < 2; round += 1) {
    const one = await guard();
    await one.beforeLogin();
    await one.rejected();
  }
  await expect((await guard()).beforeLogin()).rejects.toMatchObject(rejected);
  now += 14 * 60_000;
  await expect((await guard()).beforeLogin()).rejects.toThrow(/not tried again for 1 min/);
  now += 60_000;
  await (await guard()).beforeLogin();
});

it('tries a corrected password at once, and forgets with the first that is accepted', async () => {
  const wrong = await guard();
  await wrong.rejected();
  await wrong.rejected();
  const right = await guard('another');
  await right.beforeLogin();
  await right.accepted();
  await wrong.beforeLogin();
  expect(await readdir(directory)).toEqual([]);
});

it('keeps nothing that the password could be read from, and only for us', async () => {
  await (await guard()).rejected();
  const [file] = await readdir(directory);
  const path = join(directory, file!);
  const text = await readFile(path, 'utf8');
  for (const form of [CANARY, Buffer.from(CANARY).toString('base64'), Buffer.from(CANARY).toString('hex')])
    expect(text).not.toContain(form);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

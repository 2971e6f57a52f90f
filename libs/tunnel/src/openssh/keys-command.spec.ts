import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcessRunner } from '@ossea/process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fingerprint, generateKeyPair, normalisePublicKey, smallOrderKeys } from '../keys.js';
import { keyFileName, keyLine } from './key-files.js';
import { keysCommandScript } from './keys-command.js';
import { DEFAULT_ACCOUNTS } from './settings.js';

/* The script as sshd runs it, but as nobody in particular: what it prints is all that it does. */

const run = createProcessRunner();
const { publicKey } = generateKeyPair();
const other = generateKeyPair().publicKey;
const line = keyLine({ id: 'a', publicKey, nbdSocketPath: '/n', nbdPort: 1, agentPort: 2 });

let directory: string;
let script: string;
const claims = () => join(directory, 'claims');

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keys-'));
  for (const name of ['claims', 'keys.d']) await mkdir(join(directory, name));
  await writeFile(join(directory, 'keys.d', keyFileName(publicKey)), `${line}\n`);
  script = await write('/bridge');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(enrolCommand: string | undefined): Promise<string> {
  const file = join(directory, 'keys-command');
  const keysDirectory = join(directory, 'keys.d');
  await writeFile(
    file,
    keysCommandScript({ accounts: DEFAULT_ACCOUNTS, keysDirectory, claimsDirectory: claims(), enrolCommand }),
  );
  return file;
}

const base64 = (key: string) => key.split(' ')[1] ?? '';
async function ask(
  connection: string,
  user: string,
  key = publicKey,
  more: readonly string[] = [],
): Promise<string> {
  const args = [script, connection, user, 'ssh-ed25519', base64(key), fingerprint(key), ...more];
  return (await run.exec({ command: 'sh', args }, { signal: AbortSignal.timeout(10_000) })).stdout;
}

it('prints the line of a key that is known, as often as one connection asks', async () => {
  expect(await ask('7', 'vma')).toBe(`${line}\n`);
  expect(await ask('7', 'vma')).toBe(`${line}\n`);
  expect(await readdir(claims())).toEqual(['7']);
});

it('lets one connection have one key, and one user', async () => {
  await writeFile(join(directory, 'keys.d', keyFileName(other)), `x ${other}\n`);
  expect(await ask('7', 'vma')).toBe(`${line}\n`);
  expect(await ask('7', 'vma', other)).toBe('');
  expect(await ask('7', 'enroll')).toBe('');
  expect(await ask('8', 'vma', other)).toBe(`x ${other}\n`);
});

it('gives any usable key the enrolment, and nothing where there is none', async () => {
  expect(await ask('1', 'enroll', other)).toBe(`restrict,command="/bridge ${base64(other)}" ${other}\n`);
  script = await write(undefined);
  expect(await ask('2', 'enroll', other)).toBe('');
});

it('prints nothing for anything odd', async () => {
  expect(await ask('7', 'vma', other)).toBe('');
  for (const connection of ['0', '', '-1', '../x', '7 8', '$(id)'])
    expect(await ask(connection, 'vma')).toBe('');
  for (const user of ['root', '', 'vma ', '*', 'enroll*', '$(id)']) expect(await ask('7', user)).toBe('');
  for (const key of [
    'ssh-ed25519 ',
    'ssh-ed25519 ../../etc/passwd',
    `${publicKey}A`,
    `ssh-ed25519 ${'"'.repeat(68)}`,
  ])
    for (const user of ['vma', 'enroll']) expect(await ask('7', user, key), key).toBe('');
  expect(await ask('7', 'vma', publicKey, ['more'])).toBe('');
  // a file of that name with another key in it
  await writeFile(join(directory, 'keys.d', keyFileName(other)), `${line}\n`);
  expect(await ask('7', 'vma', other)).toBe('');
  await rm(claims(), { recursive: true });
  expect(await ask('9', 'vma')).toBe('');
});

it('refuses the keys that accept forged signatures, which no list of ours holds as usable', async () => {
  expect(smallOrderKeys()).toHaveLength(14);
  for (const key of smallOrderKeys().map((text) => `ssh-ed25519 ${text}`)) {
    expect(() => normalisePublicKey(key)).toThrow();
    expect(await ask('3', 'enroll', key)).toBe('');
  }
});

import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SecretBox } from './secret-box.js';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'box-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const box = new SecretBox(randomBytes(32));
const PLACE = 'con_1/password';

/** The sealed secret with one bit of its body changed. */
function flip(sealed: string, byte: number): string {
  const [version, key, body = ''] = sealed.split('.');
  const bytes = Buffer.from(body, 'base64url');
  bytes[byte] = (bytes[byte] ?? 0) ^ 1;
  return [version, key, bytes.toString('base64url')].join('.');
}

it('gives a secret back at its place, and never seals it the same way twice', () => {
  const sealed = box.seal('pässword', PLACE);
  expect(box.open(sealed, PLACE)).toBe('pässword');
  expect(sealed).not.toContain('pässword');
  expect(box.seal('pässword', PLACE)).not.toBe(sealed);
  expect(box.open(box.seal('', PLACE), PLACE)).toBe('');
});

it('does not open a secret of which any one bit was changed: salt, nonce, tag or text', () => {
  const sealed = box.seal('x'.repeat(20), PLACE);
  const bytes = Buffer.from(sealed.split('.')[2] ?? '', 'base64url').length;
  expect(bytes).toBe(16 + 12 + 16 + 20);
  for (let byte = 0; byte < bytes; byte += 1)
    expect(() => box.open(flip(sealed, byte), PLACE)).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    );
});

it.each([
  ['of another row', (sealed: string) => box.open(sealed, 'con_2/password')],
  ['of another field', (sealed: string) => box.open(sealed, 'con_1/token')],
  ['of another key', (sealed: string) => new SecretBox(randomBytes(32)).open(sealed, PLACE)],
  ['of another version', (sealed: string) => box.open(sealed.replace('v1', 'v2'), PLACE)],
  ['with something behind it', (sealed: string) => box.open(`${sealed}.x`, PLACE)],
  ['that is cut', (sealed: string) => box.open(sealed.slice(0, -4), PLACE)],
  ['that is cut to a tag of four bytes', (sealed: string) => box.open(sealed.slice(0, 12 + 43), PLACE)],
  ['that is empty', () => box.open('', PLACE)],
  ['that was never sealed', () => box.open('secret', PLACE)],
])('does not open a secret %s, and does not say what it is', (_what, open) => {
  const sealed = box.seal('the secret itself', PLACE);
  let thrown: unknown;
  try {
    open(sealed);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('enter it again'),
  });
  expect(String(thrown)).not.toContain('the secret itself');
});

it('makes its key once, for its owner only, whole, and the same for all who come at that moment', async () => {
  const file = join(directory, 'kek');
  const [one, ...others] = await Promise.all([1, 2, 3, 4].map(() => SecretBox.at(file)));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(file)).size).toBe(32);
  for (const other of others) expect(other.open(one!.seal('s', PLACE), PLACE)).toBe('s');
  expect((await SecretBox.at(file)).open(one!.seal('s', PLACE), PLACE)).toBe('s');
  expect(await readdir(directory)).toEqual(['kek']);
});

it.each([0o640, 0o604, 0o620, 0o644])('refuses a key file with mode %o', async (mode) => {
  const file = join(directory, `kek-${mode}`);
  await SecretBox.at(file);
  await chmod(file, mode);
  await expect(SecretBox.at(file)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('only its owner'),
  });
});

it.each([0, 16, 31, 33])('refuses a key of %i bytes', async (size) => {
  const file = join(directory, `size-${size}`);
  await writeFile(file, randomBytes(size), { mode: 0o600 });
  await expect(SecretBox.at(file)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('32 bytes'),
  });
});

it.each([
  ['whose directory is missing', 'nowhere/kek'],
  ['that is a directory', '.'],
])('refuses a key file %s', async (_what, name) => {
  await expect(SecretBox.at(join(directory, name))).rejects.toMatchObject({ code: 'config.invalid' });
});

import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SecretBox } from './secret-box.js';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'box-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const box = new SecretBox(randomBytes(32));

it('gives a secret back at its place, and never seals it the same way twice', () => {
  const sealed = box.seal('pässword', 'con_1/password');
  expect(box.open(sealed, 'con_1/password')).toBe('pässword');
  expect(sealed).not.toContain('pässword');
  expect(box.seal('pässword', 'con_1/password')).not.toBe(sealed);
});

it.each([
  ['at another place', (sealed: string) => box.open(sealed, 'con_2/password')],
  ['with another key', (sealed: string) => new SecretBox(randomBytes(32)).open(sealed, 'con_1/password')],
  [
    'when it was changed',
    (sealed: string) =>
      box.open(`${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`, 'con_1/password'),
  ],
  ['when it is none', () => box.open('secret', 'con_1/password')],
])('does not open a secret %s', (_what, open) => {
  const sealed = box.seal('x'.repeat(40), 'con_1/password');
  expect(() => open(sealed)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
});

it('makes its key once, for its owner only, and refuses one that others may read', async () => {
  const file = join(directory, 'kek');
  const sealed = (await SecretBox.at(file)).seal('s', 'p');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await SecretBox.at(file)).open(sealed, 'p')).toBe('s');
  await chmod(file, 0o640);
  await expect(SecretBox.at(file)).rejects.toMatchObject({ code: 'config.invalid' });
});

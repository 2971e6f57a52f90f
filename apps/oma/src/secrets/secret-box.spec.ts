import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { ENTITIES } from '../database/schema.js';
import { getMetadataArgsStorage } from 'typeorm';
import { kekOf, KeyRing } from './key-ring.js';
import { SecretBox } from './secret-box.js';
import { placeOf, SEALED_COLUMNS, type SecretPlace } from './sealed-columns.js';

const key = randomBytes(32);
const box = SecretBox.withKey(key);
const PLACE = placeOf('con_1', 'password');

const place = fc
  .tuple(fc.constantFrom('con_', 'set_'), fc.string(), fc.string())
  .map(([prefix, row, path]) => placeOf(prefix + row, path));

/** As releases with the first format did. */
function sealedByOldRelease(secret: string, row: string, path: string): string {
  const [salt, iv] = [randomBytes(16), randomBytes(12)];
  const derived = Buffer.from(hkdfSync('sha256', key, salt, 'ossea secret', 32));
  const cipher = createCipheriv('aes-256-gcm', derived, iv, { authTagLength: 16 });
  cipher.setAAD(Buffer.from(`${row}/${path}`));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  const id = createHash('sha256').update(key).digest('hex').slice(0, 8);
  return `v1.${id}.${Buffer.concat([salt, iv, cipher.getAuthTag(), sealed]).toString('base64url')}`;
}

function refused(open: () => unknown): void {
  let thrown: unknown;
  try {
    open();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('enter it again'),
  });
  expect(String(thrown)).not.toContain('the secret itself');
}

it('gives any secret back at its place, never seals it the same way twice, and shows nothing of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), place, (secret, at) => {
      const sealed = box.seal(secret, at);
      expect(box.open(sealed, at)).toBe(secret);
      expect(box.seal(secret, at)).not.toBe(sealed);
      if (secret.length > 6) expect(sealed).not.toContain(secret);
    }),
  );
});

it('opens no secret at another place: row, field, or table', () => {
  fc.assert(
    fc.property(place, place, (at, other) => {
      fc.pre(JSON.stringify(at) !== JSON.stringify(other));
      refused(() => box.open(box.seal('the secret itself', at), other));
    }),
  );
  const elsewhere: SecretPlace = { ...PLACE, table: 'set_up' };
  refused(() => box.open(box.seal('the secret itself', PLACE), elsewhere));
});

it('opens no secret of which one bit was changed, in the wrapped key or in the text', () => {
  const sealed = box.seal('the secret itself', PLACE).split('.');
  for (const part of [2, 3]) {
    const bytes = Buffer.from(sealed[part] ?? '', 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const text = sealed.map((one, index) => (index === part ? changed.toString('base64url') : one));
      refused(() => box.open(text.join('.'), PLACE));
    }
  }
});

it('opens no text that differs in one character', () => {
  const sealed = box.seal('the secret itself', PLACE);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (index, character) => {
      fc.pre(sealed[index] !== character);
      refused(() => box.open(sealed.slice(0, index) + character + sealed.slice(index + 1), PLACE));
    }),
  );
});

it.each([
  ['of another key', (sealed: string) => SecretBox.withKey(randomBytes(32)).open(sealed, PLACE)],
  ['of another version', (sealed: string) => box.open(sealed.replace('v2', 'v1'), PLACE)],
  ['with something behind it', (sealed: string) => box.open(`${sealed}.x`, PLACE)],
  ['that is cut', (sealed: string) => box.open(sealed.slice(0, -4), PLACE)],
  ['that is cut to its key', (sealed: string) => box.open(sealed.slice(0, 12 + 80), PLACE)],
  ['with the key of another secret', swapped],
  ['that is empty', () => box.open('', PLACE)],
  ['that was never sealed', () => box.open('secret', PLACE)],
])('does not open a secret %s', (_what, open) => {
  refused(() => open(box.seal('the secret itself', PLACE)));
});

function swapped(sealed: string): string {
  const parts = sealed.split('.');
  const other = box.seal('another', PLACE).split('.');
  return box.open([parts[0], parts[1], other[2], parts[3]].join('.'), PLACE);
}

it('opens what an older release sealed, and only at its place', () => {
  const old = sealedByOldRelease('the secret itself', 'con_1', 'login.key');
  expect(box.open(old, placeOf('con_1', 'login.key'))).toBe('the secret itself');
  refused(() => box.open(old, placeOf('con_2', 'login.key')));
  refused(() => box.open(old, placeOf('con_1', 'login.pin')));
});

it('takes a secret to another key; the old key opens it no more', () => {
  const other = kekOf(randomBytes(32));
  const both = new SecretBox(new KeyRing(other, [kekOf(key)]));
  for (const sealed of [
    box.seal('the secret itself', PLACE),
    sealedByOldRelease('the secret itself', 'con_1', 'password'),
  ]) {
    expect(both.open(sealed, PLACE)).toBe('the secret itself');
    expect(both.isUpToDate(sealed)).toBe(false);
    const next = both.rewrap(sealed, PLACE);
    expect(both.isUpToDate(next)).toBe(true);
    expect(new SecretBox(new KeyRing(other)).open(next, PLACE)).toBe('the secret itself');
    refused(() => box.open(next, PLACE));
  }
});

it('opens with a key that has just gone what was read before, and a while later no more', () => {
  vi.useFakeTimers();
  try {
    const ring = new KeyRing(kekOf(randomBytes(32)), [kekOf(key)]);
    const both = new SecretBox(ring);
    const sealed = box.seal('the secret itself', PLACE);
    ring.drop(kekOf(key).id);
    expect(ring.olderIds).toEqual([]);
    expect(both.open(sealed, PLACE)).toBe('the secret itself');
    vi.runAllTimers();
    refused(() => both.open(sealed, PLACE));
    ring.drop(ring.current.id);
    expect(both.open(both.seal('s', PLACE), PLACE)).toBe('s');
  } finally {
    vi.useRealTimers();
  }
});

it('seals for registered columns only', () => {
  const nowhere = { ...PLACE, table: 'job', column: 'input' } as unknown as SecretPlace;
  expect(() => box.seal('x', nowhere)).toThrow('not a sealed column');
  expect(() => placeOf('job_1', 'x')).toThrow('No sealed column');
});

it('knows every column of the schema that is named like one that holds secrets', () => {
  const registered = SEALED_COLUMNS.map(({ entity, column }) => `${entity.name}.${column}`);
  const named = getMetadataArgsStorage()
    .columns.filter(({ target }) => ENTITIES.includes(target as (typeof ENTITIES)[number]))
    .filter(({ propertyName }) => /(secrets?|sealed|credentials?|password)$/i.test(propertyName))
    .map(({ target, propertyName }) => `${(target as { name: string }).name}.${propertyName}`);
  expect(registered.sort()).toEqual(named.sort());
});

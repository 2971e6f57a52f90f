import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { KEY_BYTES, type Kek } from './key-ring.js';
import type { SecretPlace } from './sealed-columns.js';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SALT_BYTES = 16;
/** Nonce, tag and the wrapped key. */
const WRAPPED_BYTES = IV_BYTES + TAG_BYTES + KEY_BYTES;
const VERSION = 'v2';

/** A sealed secret, taken apart: `v2.<id of the KEK>.<wrapped key>.<text>` or, of older releases, `v1.<id>.<text>`. */
export type SealedText =
  | { readonly version: 'v1'; readonly kekId: string; readonly body: Buffer }
  | { readonly version: 'v2'; readonly kekId: string; readonly wrapped: Buffer; readonly body: Buffer };

/** `undefined` for what is no sealed secret. */
export function parseSealed(text: string): SealedText | undefined {
  const [version, kekId = '', ...parts] = text.split('.');
  const bytes = parts.map((part) => Buffer.from(part, 'base64url'));
  // written as we write it, and in no other way
  const isOurs = parts.every((part, index) => part !== '' && bytes[index]?.toString('base64url') === part);
  if (!/^[0-9a-f]{8}$/.test(kekId) || !isOurs) return undefined;
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = bytes;
  if (version === 'v1' && parts.length === 1) return { version, kekId, body: first };
  if (version === 'v2' && parts.length === 2 && first.length === WRAPPED_BYTES)
    return { version, kekId, wrapped: first, body: second };
  return undefined;
}

/** Seals under a key of its own, which the KEK wraps. */
export function seal(secret: string, place: SecretPlace, kek: Kek): string {
  const key = randomBytes(KEY_BYTES);
  return written(kek, wrap(key, place, kek), encrypt(key, Buffer.from(secret, 'utf8'), aad('secret', place)));
}

/** Throws for a text of another key or place, or that was changed. */
export function open(sealed: SealedText, place: SecretPlace, kek: Kek): string {
  if (sealed.version === 'v1') return openFirstVersion(sealed.body, place, kek);
  return decrypt(unwrap(sealed.wrapped, place, kek), sealed.body, aad('secret', place)).toString('utf8');
}

/** The same secret under another KEK: the secret itself is not touched, but for those of older releases. */
export function rewrap(sealed: SealedText, place: SecretPlace, from: Kek, to: Kek): string {
  if (sealed.version === 'v1') return seal(open(sealed, place, from), place, to);
  return written(to, wrap(unwrap(sealed.wrapped, place, from), place, to), sealed.body);
}

function written({ id }: Kek, wrapped: Buffer, body: Buffer): string {
  return [VERSION, id, wrapped.toString('base64url'), body.toString('base64url')].join('.');
}

function wrap(key: Buffer, place: SecretPlace, kek: Kek): Buffer {
  return encrypt(kek.key, key, aad(`key of ${kek.id}`, place));
}

function unwrap(wrapped: Buffer, place: SecretPlace, kek: Kek): Buffer {
  return decrypt(kek.key, wrapped, aad(`key of ${kek.id}`, place));
}

/** As JSON, so that no two places are written alike. */
function aad(what: string, { table, row, column, path }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([what, table, row, column, path, VERSION]));
}

function encrypt(key: Buffer, text: Buffer, associated: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated);
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
}

function decrypt(key: Buffer, bytes: Buffer, associated: Buffer): Buffer {
  const head = IV_BYTES + TAG_BYTES;
  // without its length a tag of four bytes would do
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associated);
  decipher.setAuthTag(bytes.subarray(IV_BYTES, head));
  return Buffer.concat([decipher.update(bytes.subarray(head)), decipher.final()]);
}

/** Sealed under a key that was derived from the KEK with a salt, and bound to `row/path` alone. */
function openFirstVersion(bytes: Buffer, { row, path }: SecretPlace, kek: Kek): string {
  const salt = bytes.subarray(0, SALT_BYTES);
  const key = Buffer.from(hkdfSync('sha256', kek.key, salt, 'ossea secret', KEY_BYTES));
  return decrypt(key, bytes.subarray(SALT_BYTES), Buffer.from(`${row}/${path}`)).toString('utf8');
}

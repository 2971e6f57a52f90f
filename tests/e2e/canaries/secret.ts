import { createPrivateKey } from 'node:crypto';
import { formsOf } from '../../stack/canary.js';

/** A secret that the product is given or makes, and the only places where it may be. */
export interface Secret {
  readonly name: string;
  readonly forms: readonly string[];
  /** Files below the directory of the stack that are its own home. */
  readonly homes: readonly string[];
  /** Answers that give it out, because that is what they are for. */
  readonly givenBy: readonly string[];
}

export function secretOf(
  name: string,
  value: string | Buffer,
  where: { readonly homes?: readonly string[]; readonly givenBy?: readonly string[] } = {},
): Secret {
  if (value.length < 10) throw new Error(`"${name}" is too short to be told from chance`);
  return { name, forms: formsOf(value), homes: where.homes ?? [], givenBy: where.givenBy ?? [] };
}

const PRIVATE_KEY_BYTES = 32;

/** A private key is secret as its text and as the 32 bytes in it. */
export function privateKey(name: string, pem: string, home: string): Secret {
  const body = pem.replace(/-----[^-]+-----|\s/g, '');
  const bytes = Buffer.from(body, 'base64');
  const seed = pem.includes('OPENSSH')
    ? openSshSeed(bytes)
    : createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' }).subarray(-PRIVATE_KEY_BYTES);
  return { ...secretOf(name, seed), homes: [home] };
}

/** An Ed25519 key of OpenSSH: its public half stands at the front, and again right behind the private one. */
function openSshSeed(bytes: Buffer): Buffer {
  const type = Buffer.from('ssh-ed25519\0\0\0\x20');
  const start = bytes.indexOf(type) + type.length;
  const publicHalf = bytes.subarray(start, start + PRIVATE_KEY_BYTES);
  const end = bytes.lastIndexOf(publicHalf);
  if (end <= start) throw new Error('no Ed25519 key of OpenSSH');
  return bytes.subarray(end - PRIVATE_KEY_BYTES, end);
}

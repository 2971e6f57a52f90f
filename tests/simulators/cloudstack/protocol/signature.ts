import { createHmac, timingSafeEqual } from 'node:crypto';
import { javaEncode } from './java-encoding.js';

/**
 * What is signed. Names are sorted as they came, before anything is lower-cased, and are not encoded: a client that
 * lower-cases first gets another string as soon as names differ in case, and is refused.
 */
export function stringToSign(parameters: ReadonlyMap<string, string>): string {
  return [...parameters]
    .filter(([name]) => name.toLowerCase() !== 'signature')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${javaEncode(value)}`)
    .join('&')
    .toLowerCase();
}

export function signatureOf(parameters: ReadonlyMap<string, string>, secretKey: string): string {
  return createHmac('sha1', secretKey).update(stringToSign(parameters), 'utf8').digest('base64');
}

export function isSignedBy(parameters: ReadonlyMap<string, string>, signature: string, secretKey: string) {
  const expected = Buffer.from(signatureOf(parameters, secretKey));
  const given = Buffer.from(signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

import { createHash } from 'node:crypto';

const FIRST = 'bdfghjklmnprstvz';
const SECOND = 'dgklmnrs';
const VOWELS = 'aiou';
const WORD_BITS = 11;
const WORDS = 6;

/**
 * The word of a number from 0 to 2047: consonant (4 bits), vowel (2), consonant (3), vowel (2), as `basi`. No list has
 * to be the same at both ends, and no two words differ in spelling alone.
 */
export function wordOf(number: number): string {
  const letter = (letters: string, shift: number): string =>
    letters[(number >> shift) & (letters.length - 1)] ?? '';
  return letter(FIRST, 7) + letter(VOWELS, 5) + letter(SECOND, 2) + letter(VOWELS, 0);
}

/**
 * Six words (66 bits) that stand for a VMA's key together with the host key it saw: both ends show the same ones only if
 * they see the same pair. The first bits of SHA-256 over `ossea-words-v1|<key>|<host key>`, both as `SHA256:…`.
 */
export function fingerprintWords(keyFingerprint: string, hostKeyFingerprint: string): string {
  const digest = createHash('sha256')
    .update(`ossea-words-v1|${keyFingerprint}|${hostKeyFingerprint}`)
    .digest();
  const bits = BigInt(`0x${digest.toString('hex')}`);
  const numbers = Array.from({ length: WORDS }, (_, index) =>
    Number((bits >> BigInt(256 - WORD_BITS * (index + 1))) & 0x7ffn),
  );
  return numbers.map(wordOf).join(' ');
}

/** Words as they are compared: in whatever case, however separated. */
export function normaliseWords(text: string): string {
  return text
    .toLowerCase()
    .split(/[\s,.-]+/)
    .filter(Boolean)
    .join(' ');
}

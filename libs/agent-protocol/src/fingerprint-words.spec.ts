import { expect, it } from 'vitest';
import { fingerprintWords, normaliseWords, wordOf } from './fingerprint-words.js';

const KEY = `SHA256:${'k'.repeat(43)}`;
const HOST = `SHA256:${'h'.repeat(43)}`;

it('has 2048 different words of two syllables', () => {
  const words = Array.from({ length: 2_048 }, (_, number) => wordOf(number));
  expect(new Set(words).size).toBe(2_048);
  for (const word of words) expect(word).toMatch(/^[a-z][aiou][a-z][aiou]$/);
});

it('says six words for a pair of keys, the same ones for ever', () => {
  expect(fingerprintWords(KEY, HOST)).toMatchInlineSnapshot(`"vosi jidu zigu hisu domu maki"`);
  expect(fingerprintWords(KEY, HOST).split(' ')).toHaveLength(6);
});

it('says other words when either key is another one, or both changed places', () => {
  const other = `SHA256:${'x'.repeat(43)}`;
  const said = [
    [KEY, HOST],
    [other, HOST],
    [KEY, other],
    [HOST, KEY],
  ].map(([key = '', host = '']) => fingerprintWords(key, host));
  expect(new Set(said).size).toBe(4);
});

it('takes words as people type them', () => {
  expect(normaliseWords('  Basi, DOKU-gilo.\nmuru ')).toBe('basi doku gilo muru');
});

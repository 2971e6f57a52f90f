import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { javaEncode, sign, stringToSign } from './signature.js';

it('escapes what Java escapes, and nothing that it does not', () => {
  expect(javaEncode(`aZ09-_.* !'()~+/=&`)).toBe('aZ09-_.*%20%21%27%28%29%7E%2B%2F%3D%26');
  expect(javaEncode('zürich-日本')).toBe('z%C3%BCrich-%E6%97%A5%E6%9C%AC');
});

// worked by hand from the rule of CloudStack ApiServer.verifyRequest; the digests with OpenSSL
it.each([
  [
    'a plain command',
    { command: 'listZones', response: 'json', apikey: 'K', available: 'true' },
    'apikey=k&available=true&command=listzones&response=json',
    'EUUIIqqekbFvLWeQgvUXeof7z3A=',
  ],
  [
    'names of maps, which differ in case',
    {
      command: 'deployVirtualMachine',
      'details[0].cpuNumber': '4',
      'details[0].UEFI': 'LEGACY',
      'details[0].memory': '4096',
      signature: 'left out',
    },
    'command=deployvirtualmachine&details[0].uefi=legacy&details[0].cpunumber=4&details[0].memory=4096',
    'urumHZh+ZAVjTPYOYvv3lUXAvl8=',
  ],
  [
    'a hostile value',
    { name: `a b+c/d=e&f~!'()*`, apikey: 'K' },
    'apikey=k&name=a%20b%2bc%2fd%3de%26f%7e%21%27%28%29*',
    '1PrJoDsG9SfX0MRQ3Jxx8z2nmPU=',
  ],
])('signs %s', (_what, parameters, text, signature) => {
  expect(stringToSign(parameters)).toBe(text);
  expect(sign(parameters, 'S')).toBe(signature);
});

it('sorts by the raw names: sorted in lower case, another text would be signed', () => {
  const text = stringToSign({ 'details[0].cpuNumber': '1', 'details[0].UEFI': '2', Zid: '3', aid: '4' });
  expect(text).toBe('zid=3&aid=4&details[0].uefi=2&details[0].cpunumber=1');
});

/** The same rule, written the long way: by bytes, and by an order of its own. */
function obvious(parameters: Readonly<Record<string, string>>): string {
  const parts: [string, string][] = [];
  for (const name of Object.keys(parameters)) {
    if (name.toLowerCase() === 'signature') continue;
    let value = '';
    for (const byte of new TextEncoder().encode(parameters[name])) {
      const plain = /[A-Za-z0-9.\-*_]/.test(String.fromCharCode(byte));
      value += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    }
    const at = parts.findIndex(([other]) => isBefore(name, other));
    parts.splice(at === -1 ? parts.length : at, 0, [name, value]);
  }
  return parts
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
    .toLowerCase();
}

function isBefore(a: string, b: string): boolean {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1)
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return a.charCodeAt(i) < b.charCodeAt(i);
  return a.length < b.length;
}

it('signs any parameters as the rule says', () => {
  const name = fc.stringMatching(/^[A-Za-z]{1,6}(\[\d\]\.[A-Za-z]{1,6})?$/);
  const value = fc.string({ unit: 'grapheme', maxLength: 40 });
  fc.assert(
    fc.property(fc.dictionary(name, value), fc.string({ minLength: 1 }), (parameters, secret) => {
      const text = obvious(parameters);
      expect(stringToSign(parameters)).toBe(text);
      expect(sign(parameters, secret)).toBe(createHmac('sha1', secret).update(text).digest('base64'));
    }),
  );
});

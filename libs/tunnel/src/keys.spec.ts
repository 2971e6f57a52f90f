import { expect, it } from 'vitest';
import { fingerprint, generateKeyPair, normalisePublicKey, publicKeyOf } from './index.js';

it('a generated key gives its public half and OpenSSH’s fingerprint form', () => {
  const pair = generateKeyPair();
  expect(publicKeyOf(pair.privateKey)).toBe(pair.publicKey);
  expect(fingerprint(pair.publicKey)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});

it('matches a fingerprint that ssh-keygen printed', () => {
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github';
  expect(fingerprint(normalisePublicKey(line))).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
});

it('strips a comment and keeps the key', () => {
  const { publicKey } = generateKeyPair();
  expect(normalisePublicKey(`${publicKey} "root"@vma, command="sh"`)).toBe(publicKey);
});

const point = (hex: string) => {
  const head = Buffer.from('0000000b7373682d6564323535313900000020', 'hex');
  return `ssh-ed25519 ${Buffer.concat([head, Buffer.from(hex, 'hex')]).toString('base64')}`;
};

it.each([
  ['options before the key', `command="sh" ${generateKeyPair().publicKey}`],
  ['another type', 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7'],
  ['a second line', `x\n${generateKeyPair().publicKey}`],
  ['a short key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=='],
  ['the neutral point', point(`01${'00'.repeat(31)}`)],
  ['the neutral point with the sign bit', point(`01${'00'.repeat(30)}80`)],
  ['a point of order 8', point('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa')],
  ['a non-canonical point', point(`ee${'ff'.repeat(30)}7f`)],
  ['a megabyte', `ssh-ed25519 ${'A'.repeat(1 << 20)}`],
])('refuses %s', (_what, line) => {
  expect(() => normalisePublicKey(line)).toThrow(expect.objectContaining({ code: 'request.invalid' }));
});

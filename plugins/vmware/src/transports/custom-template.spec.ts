import { expect, it } from 'vitest';
import type { SnapshotDisk, TransportHost } from './disk-transport.js';
import {
  PLACEHOLDERS,
  fillIn,
  readsSecretsByFile,
  unknownPlaceholders,
  valuesFor,
} from './custom-template.js';

const host = {
  host: '[2001:db8::1]',
  port: 443,
  username: '{vm}',
  password: 'secret',
  certificate: { sha1: 'AA', sha256: 'BB' },
} as unknown as TransportHost;
const disk = {
  vm: 'vm-51',
  snapshot: 'snapshot-70',
  fileName: '[ds] a.vmdk',
  datastore: { name: 'ds', type: 'VMFS', datacenterPath: 'f/DC0' },
} as unknown as SnapshotDisk;

it('fills every placeholder in once, and has none for the password itself', () => {
  const values = valuesFor(host, disk, '/run/w');
  const template = PLACEHOLDERS.map((name) => `{${name}}`).join(' ');
  expect(fillIn(template, values)).toBe(
    '2001:db8::1 443 {vm} /run/w vm-51 snapshot-70 [ds] a.vmdk ds f/DC0 AA BB',
  );
  expect(JSON.stringify(values)).not.toContain('secret');
});

it('knows what means nothing, and leaves other braces alone', () => {
  expect(unknownPlaceholders('{server}:{port} {password} {x} {} { y } ${1+1}')).toEqual([
    '{password}',
    '{x}',
  ]);
  expect(fillIn('{} { vm } {"a":1}', valuesFor(host, disk, ''))).toBe('{} { vm } {"a":1}');
});

it.each([
  ['password', '+{passwordFile}', true],
  ['password', 'hunter2', false],
  ['proxy-password', '-3', false],
  ['passwd', '', false],
  ['access_token', 'x', false],
  ['cookie', 'a=b', false],
  ['passthrough', 'yes', true],
  ['file', '{file}', true],
])('a parameter %s=%s is fine: %s', (name, template, expected) => {
  expect(readsSecretsByFile(name, template)).toBe(expected);
});

import { expect, it } from 'vitest';
import { isInside } from './machine-networks.js';

it.each([
  ['10.1.1.7', '10.1.1.0/24', true],
  ['10.1.2.7', '10.1.1.0/24', false],
  ['10.1.2.7', '10.1.0.0/16', true],
  ['192.168.255.255', '0.0.0.0/0', true],
  ['192.168.1.1', '192.168.1.1/32', true],
  ['192.168.1.2', '192.168.1.1/32', false],
  ['255.255.255.255', '128.0.0.0/1', true],
  ['fe80::1', '10.1.1.0/24', false],
  ['10.1.1.7', undefined, false],
  ['10.1.1.7', '10.1.1.0', false],
  ['10.1.1.7', '10.1.1.0/33', false],
])('whether %s lies in %s: %s', (address, cidr, inside) => {
  expect(isInside(address, cidr)).toBe(inside);
});

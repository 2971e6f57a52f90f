import { randomBytes } from 'node:crypto';
import type { Network, Subnet } from './model.js';
import type { World } from './world.js';

const numberOf = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const textOf = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

export const isAddress = (text: string): boolean =>
  /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split('.').every((part) => Number(part) < 256);

/** Unicast, and six groups of two digits. */
export const isMac = (text: string): boolean =>
  /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) && (parseInt(text.slice(0, 2), 16) & 1) === 0;

export function cidrOf({ gateway, netmask }: Subnet): string {
  const mask = numberOf(netmask);
  const bits = 32 - Math.round(Math.log2(2 ** 32 - mask));
  return `${textOf(numberOf(gateway) - (numberOf(gateway) % 2 ** (32 - bits)))}/${bits}`;
}

export function isInSubnet(address: string, subnet: Subnet): boolean {
  return cidrOf({ gateway: address, netmask: subnet.netmask }) === cidrOf(subnet);
}

export function usedAddresses(world: World, network: Network): Set<string> {
  const nics = world.machines.all().flatMap((machine) => machine.nics);
  const used = nics.filter((nic) => nic.network === network).map(({ ip }) => ip ?? '');
  return new Set([...used, network.subnet?.gateway ?? '']);
}

/** The next free address of a network; a network of layer 2 gives none. */
export function freeAddress(world: World, network: Network): string | undefined {
  const { subnet } = network;
  if (!subnet) return undefined;
  const used = usedAddresses(world, network);
  for (let next = numberOf(subnet.gateway) + 1; isInSubnet(textOf(next), subnet); next += 1)
    if (!used.has(textOf(next))) return textOf(next);
  return undefined;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** A locally administered one. */
export const newMac = (): string => ['02', ...[...randomBytes(5)].map(hex)].join(':');

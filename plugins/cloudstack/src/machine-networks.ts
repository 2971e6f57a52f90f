import { isIPv4 } from 'node:net';
import { MigrationError } from '@ossea/errors';
import type { BlueprintNic, CallOptions } from '@ossea/plugin-sdk';
import type { Cloud } from './cloud.js';
import { networkSchema, type Network } from './client/index.js';
import { KEY_TAG, tagOf } from './marks.js';
import { readOne } from './read-one.js';

type NetworkOfNic = Readonly<Record<string, string>>;

/**
 * The networks of a new machine, as deployVirtualMachine's `iptonetworklist` takes them: in the order of the cards, each
 * with its MAC, and with the guest's own address where the network has it.
 * That list is keyed by network: CloudStack gives a machine one card in each. On a network of ours, made for a test, the
 * first card is enough; on any other one a card that is missing would be found out by the users.
 * Throws `resource.not-found`, and `resource.conflict` for two cards on one network.
 */
export async function networksOf(
  cloud: Cloud,
  nics: readonly BlueprintNic[],
  defaultNetwork: string,
  options: CallOptions,
): Promise<NetworkOfNic[]> {
  // a machine without any network cannot be made
  const wanted = nics.length > 0 ? nics : [{ network: defaultNetwork }];
  const placed = new Map<string, NetworkOfNic>();
  for (const nic of wanted) {
    const network = await readNetwork(cloud, nic.network, options);
    if (placed.has(network.id)) {
      if (tagOf(network, KEY_TAG) === undefined)
        throw new MigrationError(
          'resource.conflict',
          `CloudStack gives a machine one card on a network; two are mapped to "${network.name}".`,
          { context: { network: network.id } },
        );
      cloud.context.log.warn('A further card on the network of a test is left out.', {
        network: network.name,
      });
      continue;
    }
    const ip =
      'addresses' in nic ? nic.addresses?.find((address) => isInside(address, network.cidr)) : undefined;
    placed.set(network.id, {
      networkid: network.id,
      ...('mac' in nic ? { mac: nic.mac } : {}),
      ...(ip === undefined ? {} : { ip }),
    });
  }
  return [...placed.values()];
}

/** Throws `resource.not-found`. */
export async function readNetwork(cloud: Cloud, id: string, options: CallOptions): Promise<Network> {
  const network = await readOne(cloud, 'listNetworks', id, networkSchema, options);
  if (network) return network;
  throw new MigrationError('resource.not-found', `There is no network "${id.slice(0, 80)}" in this account.`);
}

/** Whether an IPv4 address lies in a network such as `10.1.1.0/24`. */
export function isInside(address: string, cidr: string | undefined): boolean {
  const [base = '', bits = ''] = cidr?.split('/') ?? [];
  const length = Number(bits);
  if (!isIPv4(address) || !isIPv4(base) || !/^\d{1,2}$/.test(bits) || length > 32) return false;
  const mask = length === 0 ? 0 : (~0 << (32 - length)) >>> 0;
  return (numberOf(address) & mask) >>> 0 === (numberOf(base) & mask) >>> 0;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

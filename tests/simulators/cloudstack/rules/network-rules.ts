import { isAddress } from '../state/addresses.js';
import { isAtLeast, type CloudstackSettings } from '../settings.js';
import type { Account, Network, NetworkOffering } from '../state/model.js';
import type { World } from '../state/world.js';
import type { Rule } from './rule.js';

export interface CreatingNetwork {
  readonly offering: NetworkOffering;
  readonly caller: Account;
  readonly vlan: string | undefined;
  readonly gateway: string | undefined;
  readonly netmask: string | undefined;
  readonly displayText: string | undefined;
  readonly settings: CloudstackSettings;
}

export const CREATE_NETWORK_RULES: readonly Rule<CreatingNetwork>[] = [
  {
    refuses: ({ displayText, settings }) => displayText === undefined && !isAtLeast(settings, '4.18'),
    as: 'parameter',
    text: 'Unable to execute API command createnetwork due to missing parameter displaytext',
  },
  {
    refuses: ({ offering }) => offering.removed,
    text: ({ offering }) => `Unable to find network offering by id ${offering.number}`,
  },
  {
    refuses: ({ offering, caller }) => offering.specifyVlan && !caller.isRootAdmin,
    as: 'permission',
    text: 'Only Root Admin can specify vlan',
  },
  {
    refuses: ({ offering, vlan }) => offering.specifyVlan && vlan === undefined,
    text: 'VlanId is required when network offering specifies vlan',
  },
  {
    refuses: ({ offering, vlan }) => !offering.specifyVlan && vlan !== undefined,
    text: "Can't specify vlan; corresponding offering says specifyVlan=false",
  },
  {
    refuses: ({ gateway, netmask }) => (gateway === undefined) !== (netmask === undefined),
    text: 'gateway and netmask must be specified together',
  },
  {
    refuses: ({ gateway }) => gateway !== undefined && !isAddress(gateway),
    text: 'Invalid gateway',
  },
  { refuses: ({ netmask }) => netmask !== undefined && !isAddress(netmask), text: 'Invalid netmask' },
];

export const DELETE_NETWORK_RULES: readonly Rule<{ world: World; network: Network }>[] = [
  {
    refuses: ({ network }) => network.removed,
    text: ({ network }) => `unable to find network ${network.number}`,
  },
  {
    // a machine that is destroyed and not expunged keeps its cards
    refuses: ({ world, network }) =>
      world.machines.all().some(({ nics }) => nics.some((nic) => nic.network === network)),
    as: 'runtime',
    text: 'Failed to delete network',
  },
];

import { isAddress, isInSubnet, isMac, usedAddresses } from '../state/addresses.js';
import type { Account, Network, ServiceOffering, Snapshot, Template, Volume, Zone } from '../state/model.js';
import type { World } from '../state/world.js';
import type { Rule } from './rule.js';

export interface WantedNic {
  readonly network: Network;
  readonly ip: string | undefined;
  readonly mac: string | undefined;
}

export interface Deploying {
  readonly world: World;
  readonly owner: Account;
  readonly zone: Zone;
  readonly offering: ServiceOffering;
  readonly template: Template | undefined;
  /** An existing volume or snapshot to deploy from, which replicated disks cannot be. */
  readonly source: Volume | Snapshot | undefined;
  readonly name: string | undefined;
  readonly nics: readonly WantedNic[];
  readonly bothNetworkForms: boolean;
  readonly bootType: string | undefined;
  readonly bootMode: string | undefined;
  readonly details: ReadonlyMap<string, string>;
}

const INT_MAX = 2 ** 31 - 1;
const CUSTOM = ['cpuNumber', 'cpuSpeed', 'memory'];
const isCustom = ({ offering }: Deploying): boolean => offering.bounds !== undefined;
const custom = ({ details }: Deploying, key: string): number => {
  const value = details.get(key);
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : -1;
};
const isOutside = (value: number, min: number, max: number): boolean => value < min || value > max;
const label = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/i;

export const OFFERING_RULES: readonly Rule<Deploying>[] = [
  {
    refuses: ({ offering }) => offering.removed,
    text: ({ offering }) => `Unable to find service offering: ${offering.number}`,
  },
  {
    refuses: (subject) => isCustom(subject) && !CUSTOM.some((key) => subject.details.has(key)),
    text: 'Need to specify custom parameter values cpu, cpu speed and memory when using custom offering',
  },
  {
    refuses: (subject) =>
      isCustom(subject) &&
      isOutside(
        custom(subject, 'cpuNumber'),
        subject.offering.bounds!.mincpunumber,
        subject.offering.bounds!.maxcpunumber,
      ),
    text: ({ offering: { bounds } }) =>
      `Invalid CPU cores value, specify a value between ${bounds!.mincpunumber} and ${bounds!.maxcpunumber}`,
  },
  {
    refuses: ({ offering, details }) => offering.cpus !== undefined && details.has('cpuNumber'),
    text: ({ offering }) =>
      `The CPU cores of this offering id:${offering.id} is not customizable. This is predefined in the Template.`,
  },
  {
    refuses: (subject) => subject.offering.cpuMhz === undefined && custom(subject, 'cpuSpeed') <= 0,
    text: `Invalid CPU speed value, specify a value between 1 and ${INT_MAX}`,
  },
  {
    refuses: ({ offering, details }) => offering.cpuMhz !== undefined && details.has('cpuSpeed'),
    text: ({ offering }) =>
      `The CPU speed of this offering id:${offering.id} is not customizable. ` +
      `This is predefined as ${offering.cpuMhz ?? 0} MHz.`,
  },
  {
    refuses: (subject) =>
      isCustom(subject) &&
      isOutside(
        custom(subject, 'memory'),
        subject.offering.bounds!.minmemory,
        subject.offering.bounds!.maxmemory,
      ),
    text: ({ offering: { bounds } }) =>
      `Invalid memory value, specify a value between ${bounds!.minmemory} and ${bounds!.maxmemory}`,
  },
  {
    refuses: ({ offering, details }) => offering.memoryMb !== undefined && details.has('memory'),
    text: ({ offering }) =>
      `The memory of this offering id:${offering.id} is not customizable. This is predefined in the Template.`,
  },
];

export const NETWORK_RULES: readonly Rule<Pick<Deploying, 'world' | 'owner' | 'zone' | 'nics'>>[] = [
  {
    refuses: ({ nics }) => nics.some(({ network }) => network.removed),
    text: 'Unable to find network by id specified in the networkIds parameter',
  },
  {
    refuses: ({ nics, owner }) =>
      nics.some(({ network }) => network.account !== undefined && network.account !== owner),
    as: 'permission',
    text: ({ nics, owner }) =>
      `Unable to use network with id= ${nics.find(({ network }) => network.account && network.account !== owner)!.network.id}` +
      ', permission denied',
  },
  {
    refuses: ({ nics, zone }) => nics.some(({ network }) => network.zone !== zone),
    text: ({ nics, zone }) =>
      `Network id=${nics.find(({ network }) => network.zone !== zone)!.network.number} doesn't belong to zone ${zone.number}`,
  },
  {
    refuses: ({ nics }) => new Set(nics.map(({ network }) => network)).size < nics.length,
    text: 'Network is specified more than once: a VM cannot have two nics in one network',
  },
  {
    refuses: ({ nics }) => nics.some(({ network }) => ['Shutdown', 'Destroy'].includes(network.state)),
    as: 'resourceUnavailable',
    text: 'The network is being shut down',
  },
  {
    refuses: ({ nics }) => nics.some(({ mac }) => mac !== undefined && !isMac(mac)),
    text: ({ nics }) =>
      `Invalid MAC address ${nics.find(({ mac }) => mac && !isMac(mac))!.mac ?? ''}: it must be a unicast address`,
  },
  {
    refuses: ({ nics, world }) =>
      nics.some(({ network, mac }) =>
        world.machines
          .all()
          .some((machine) =>
            machine.nics.some((nic) => nic.network === network && nic.mac === mac?.toLowerCase()),
          ),
      ),
    as: 'runtime',
    text: ({ nics }) => `A NIC with this MAC address exists for network: ${nics[0]!.network.id}`,
  },
  {
    refuses: ({ nics }) => nics.some(({ ip }) => ip !== undefined && !isAddress(ip)),
    text: ({ nics }) =>
      `Invalid format for IP address parameter: ${nics.find(({ ip }) => ip && !isAddress(ip))!.ip ?? ''}`,
  },
  {
    refuses: ({ nics, world }) =>
      nics.some(
        ({ network, ip }) =>
          ip !== undefined &&
          network.subnet !== undefined &&
          (!isInSubnet(ip, network.subnet) || usedAddresses(world, network).has(ip)),
      ),
    as: 'capacity',
    text: ({ nics }) => `Unable to acquire Guest IP address for network ${nics[0]!.network.name}`,
  },
];

export interface Naming {
  readonly world: World;
  readonly name: string | undefined;
  readonly nics: readonly { readonly network: Network }[];
}

export const NAME_RULES: readonly Rule<Naming>[] = [
  {
    refuses: ({ name }) => name !== undefined && !label.test(name),
    text:
      "Invalid name. Vm name can contain ASCII letters 'a' through 'z', the digits '0' through '9', and the hyphen " +
      "('-'), must be between 1 and 63 characters long, and can't start or end with \"-\" and can't start with digit",
  },
  {
    refuses: (subject) => takenIn(subject) !== undefined,
    text: (subject) =>
      `The vm with hostName ${subject.name ?? ''} already exists in the network domain: ` +
      `${takenIn(subject)!.domainName}; network=${takenIn(subject)!.name}`,
  },
];

/** Host names are unique in a network domain, over all networks that have it. */
function takenIn({ world, name, nics }: Naming): Network | undefined {
  const domains = world.machines
    .all()
    .filter((machine) => machine.name.toLowerCase() === name?.toLowerCase())
    .flatMap((machine) => machine.nics.map(({ network }) => network.domainName));
  return nics.find(({ network }) => domains.includes(network.domainName))?.network;
}

export const DEPLOY_RULES: readonly Rule<Deploying>[] = [
  {
    refuses: ({ source }) => source !== undefined && templateOf(source) === undefined,
    text: "The provided volume/snapshot doesn't have a template to deploy a VM",
  },
  { refuses: ({ template, source }) => !template && !source, text: 'Unable to use template null' },
  {
    refuses: ({ template }) => template?.removed === true,
    text: ({ template }) => `Unable to use template ${template!.number}`,
  },
  {
    refuses: ({ template, zone }) =>
      template !== undefined && (!template.ready || !template.zones.includes(zone)),
    as: 'runtime',
    text: ({ template, zone }) =>
      `Template ${template!.name} (${template!.id}) has not been completely downloaded to zone ${zone.name}`,
  },
  {
    refuses: ({ bothNetworkForms }) => bothNetworkForms,
    text: "ipToNetworkMap can't be specified along with networkIds or ipAddress",
  },
  { refuses: ({ nics }) => nics.length === 0, text: 'At least one network is required' },
  {
    refuses: ({ bootType }) => bootType !== undefined && !['BIOS', 'UEFI'].includes(bootType.toUpperCase()),
    text: ({ bootType }) => `Invalid value for boot type: ${bootType ?? ''}`,
  },
  {
    refuses: ({ bootType, bootMode }) => bootType?.toUpperCase() === 'UEFI' && bootMode === undefined,
    text: 'bootmode must be specified for the VM with boot type: UEFI. Valid values are: [LEGACY, SECURE]',
  },
  {
    // the server looks at the mode without looking whether there is one
    refuses: ({ bootType, bootMode }) => bootType?.toUpperCase() === 'BIOS' && bootMode === undefined,
    as: 'runtime',
    text: 'Cannot invoke "String.trim()" because "bootMode" is null',
  },
  {
    refuses: ({ bootMode }) =>
      bootMode !== undefined && !['LEGACY', 'SECURE'].includes(bootMode.toUpperCase()),
    text: ({ bootMode }) => `Invalid value for boot mode: ${bootMode ?? ''}`,
  },
  {
    refuses: ({ details }) => [...details.keys()].some((key) => key.startsWith('extraconfig')),
    text: "'extraconfig' should not be included in details as key",
  },
];

export const templateOf = (source: Volume | Snapshot): Template | undefined =>
  'volume' in source ? source.volume.template : source.template;

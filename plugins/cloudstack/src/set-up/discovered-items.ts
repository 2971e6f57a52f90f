import type { DiscoveredItem } from '@ossea/plugin-sdk';
import type {
  DiskOffering,
  Network,
  NetworkOffering,
  ResourceLimit,
  ServiceOffering,
  Template,
  VirtualMachine,
  Zone,
} from '../client/index.js';
import { nameOf } from './find-appliance.js';
import {
  diskOfferingUnsuitable,
  gib,
  networkOfferingUnsuitable,
  networkUnsuitable,
  serviceOfferingUnsuitable,
  templateUnsuitable,
  zoneUnsuitable,
} from './suitability.js';

type Details = Record<string, string | number | boolean | undefined>;

/** One thing to choose from; facts that are unknown are left out. */
function item(value: string, label: string, details: Details, unsuitable?: string): DiscoveredItem {
  const known = Object.entries(details).filter(([, fact]) => fact !== undefined && fact !== '');
  return {
    value,
    label,
    details: Object.fromEntries(known) as DiscoveredItem['details'],
    ...(unsuitable === undefined ? {} : { unsuitable }),
  };
}

/**
 * Marks the one that most would take: the best of those that are suitable, or the only one.
 * @param better orders them; without it only a single one is recommended.
 */
function recommend(
  items: readonly DiscoveredItem[],
  better?: (a: DiscoveredItem, b: DiscoveredItem) => number,
): DiscoveredItem[] {
  const suitable = items.filter(({ unsuitable }) => unsuitable === undefined);
  const [best] = better ? suitable.toSorted(better) : suitable.length === 1 ? suitable : [];
  return items.map((one) => (one === best ? { ...one, recommended: true } : one));
}

/** @param found the appliance; without it every machine that was seen, for a person who knows its name. */
export function applianceItems(
  found: VirtualMachine | undefined,
  seen: readonly VirtualMachine[],
): DiscoveredItem[] {
  const items = (found ? [found] : seen).map((machine) =>
    item(
      machine.id,
      nameOf(machine),
      { state: machine.state, zone: machine.zonename, account: machine.account },
      machine.state === 'Running'
        ? undefined
        : `It is ${machine.state.toLowerCase()}, and this appliance runs.`,
    ),
  );
  return found ? recommend(items) : items;
}

export function zoneItems(zones: readonly Zone[], applianceZone: string | undefined): DiscoveredItem[] {
  return recommend(
    zones.map((zone) =>
      item(
        zone.id,
        zone.name,
        { type: zone.networktype, localStorage: zone.localstorageenabled },
        zoneUnsuitable(zone, applianceZone),
      ),
    ),
  );
}

/** Templates are listed once per zone: one item each, of the appliance's zone where it is there. */
export function templateItems(templates: readonly Template[], zoneId: string | undefined): DiscoveredItem[] {
  const byId = new Map<string, Template[]>();
  for (const template of templates) byId.set(template.id, [...(byId.get(template.id) ?? []), template]);
  const items = [...byId.values()].map((copies) => {
    const template = copies.find(({ zoneid }) => zoneid === zoneId) ?? copies[0]!;
    return item(
      template.id,
      template.name,
      {
        zones: copies.map(({ zonename }) => zonename ?? '').join(', '),
        system: template.ostypename,
        sizeGib: template.size === undefined ? undefined : gib(template.size),
        sizeBytes: template.size,
      },
      templateUnsuitable(template, zoneId),
    );
  });
  return recommend(
    items,
    (a, b) => Number(a.details['sizeBytes'] ?? 0) - Number(b.details['sizeBytes'] ?? 0),
  );
}

export function serviceOfferingItems(
  offerings: readonly ServiceOffering[],
  zoneId: string | undefined,
): DiscoveredItem[] {
  const items = offerings.map((offering) => {
    const bounds = offering.serviceofferingdetails ?? {};
    return item(
      offering.id,
      offering.name,
      {
        customizable: offering.iscustomized === true,
        cpus: offering.cpunumber ?? range(bounds['mincpunumber'], bounds['maxcpunumber']),
        memoryMib: offering.memory ?? range(bounds['minmemory'], bounds['maxmemory']),
        storageTags: offering.storagetags,
        hostTags: offering.hosttags,
      },
      serviceOfferingUnsuitable(offering, zoneId),
    );
  });
  // the one for the largest machines; without bounds there are none
  const largest = new Map(
    offerings.map(({ id, serviceofferingdetails: bounds }) => [
      id,
      Number(bounds?.['maxmemory'] ?? Number.MAX_SAFE_INTEGER),
    ]),
  );
  return recommend(items, (a, b) => (largest.get(b.value) ?? 0) - (largest.get(a.value) ?? 0));
}

export function diskOfferingItems(
  offerings: readonly DiskOffering[],
  zoneId: string | undefined,
): DiscoveredItem[] {
  return recommend(
    offerings.map((offering) =>
      item(
        offering.id,
        offering.name,
        {
          customSize: offering.iscustomized === true,
          storage: offering.storagetype,
          storageTags: offering.tags,
          provisioning: offering.provisioningtype,
          encrypted: offering.encrypt,
        },
        diskOfferingUnsuitable(offering, zoneId),
      ),
    ),
  );
}

export function networkItems(networks: readonly Network[], zoneId: string | undefined): DiscoveredItem[] {
  return recommend(
    networks.map((network) =>
      item(
        network.id,
        network.name,
        { zone: network.zonename, type: network.type, cidr: network.cidr, state: network.state },
        networkUnsuitable(network, zoneId),
      ),
    ),
  );
}

export function networkOfferingItems(offerings: readonly NetworkOffering[]): DiscoveredItem[] {
  // an isolated network has DHCP, and most guests want it; one that comes with CloudStack rather than another
  const rank = ({ details }: DiscoveredItem) =>
    (details['type'] === 'Isolated' ? 0 : 2) + (details['default'] === true ? 0 : 1);
  return recommend(
    offerings.map((offering) =>
      item(
        offering.id,
        offering.name,
        { type: offering.guestiptype, default: offering.isdefault },
        networkOfferingUnsuitable(offering),
      ),
    ),
    (a, b) => rank(a) - rank(b),
  );
}

/** For reading only. */
export function limitItems(limits: readonly ResourceLimit[]): DiscoveredItem[] {
  return limits.map(({ resourcetype, resourcetypename, max, tag }) => {
    const name = resourcetypename ?? LIMIT_NAMES[resourcetype] ?? `resource type ${resourcetype}`;
    const value = `${resourcetype}${tag === undefined ? '' : `/${tag}`}`;
    return item(value, name.replaceAll('_', ' '), { limit: max === -1 ? 'none' : max, tag });
  });
}

/** CloudStack Resource.ResourceType. */
const LIMIT_NAMES: readonly string[] = [
  'user_vm',
  'public_ip',
  'volume',
  'snapshot',
  'template',
  'project',
  'network',
  'vpc',
  'cpu',
  'memory',
  'primary_storage',
  'secondary_storage',
];

function range(from: string | undefined, to: string | undefined): string | undefined {
  if (from === undefined && to === undefined) return undefined;
  return `${from ?? 'any'} to ${to ?? 'any'}`;
}

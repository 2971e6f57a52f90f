import type {
  DiskOffering,
  Network,
  NetworkOffering,
  ServiceOffering,
  Template,
  Zone,
} from '../client/index.js';

const GIB = 1024 ** 3;
/** Each machine is made with the template's disk, which is thrown away before the first start. */
export const MAX_TEMPLATE_BYTES = 2 * GIB;

/** Why something cannot be chosen; `undefined` where it can. All are told where they are shown, and checked again. */
type Reason = string | undefined;

export function zoneUnsuitable(zone: Zone, applianceZone: string | undefined): Reason {
  if (zone.allocationstate === 'Disabled') return 'It is disabled: nothing can be made in it.';
  if (applianceZone !== undefined && zone.id !== applianceZone)
    return 'This appliance runs in another zone, and a volume can be attached in its own zone only.';
  return undefined;
}

export function templateUnsuitable(template: Template, zoneId: string | undefined): Reason {
  const { hypervisor, isready, size, zoneid } = template;
  if (hypervisor !== 'KVM') return `It is for ${hypervisor ?? 'no hypervisor'}, and not for KVM.`;
  if (template.templatetype === 'SYSTEM' || template.templatetype === 'ROUTING')
    return "It is for CloudStack's own machines.";
  if (isready !== true) return 'It is not ready: it has not been downloaded to the zone yet.';
  if (size !== undefined && size >= MAX_TEMPLATE_BYTES)
    return `Its disk has ${gib(size)} GiB; one below 2 GiB is wanted, because it is thrown away.`;
  if (zoneId !== undefined && zoneid !== undefined && zoneid !== zoneId) return 'It is in another zone.';
  return undefined;
}

export function serviceOfferingUnsuitable(offering: ServiceOffering, zoneId: string | undefined): Reason {
  if (offering.iscustomized !== true)
    return 'Its size is fixed: every machine would get the same number of CPUs and the same memory.';
  if (!isOfZone(offering.zoneid, zoneId)) return 'It is for another zone.';
  return isActive(offering.state);
}

export function diskOfferingUnsuitable(offering: DiskOffering, zoneId: string | undefined): Reason {
  if (offering.iscustomized !== true)
    return `Its size is fixed${offering.disksize ? ` at ${offering.disksize} GiB` : ''}: a volume must be as large as the disk that it is for.`;
  if (!isOfZone(offering.zoneid, zoneId)) return 'It is for another zone.';
  return isActive(offering.state);
}

export function networkUnsuitable(network: Network, zoneId: string | undefined): Reason {
  if (zoneId !== undefined && network.zoneid !== undefined && network.zoneid !== zoneId)
    return 'It is in another zone.';
  if (network.canusefordeploy === false) return 'Machines cannot be made in it.';
  if (network.issystem === true) return "It is for CloudStack's own machines.";
  if (network.state === 'Destroy') return 'It is being removed.';
  return undefined;
}

export function networkOfferingUnsuitable(offering: NetworkOffering): Reason {
  const { guestiptype, specifyvlan, forvpc, state, traffictype } = offering;
  if (traffictype !== undefined && !/^guest$/i.test(traffictype)) return 'It is not for guests.';
  if (guestiptype !== 'Isolated' && guestiptype !== 'L2')
    return `It makes a network of type ${guestiptype ?? 'unknown'}; an isolated or an L2 one is wanted.`;
  if (specifyvlan === true) return 'It wants a VLAN to be given, which takes an administrator as a rule.';
  if (forvpc === true) return 'It is for tiers of a VPC.';
  return state === undefined || state === 'Enabled' ? undefined : `It is ${state.toLowerCase()}.`;
}

/** GiB with one digit behind the point, for people. */
export function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1).replace(/\.0$/, '');
}

/** An offering is for all zones, or for those in this list. */
function isOfZone(zoneIds: string | undefined, zoneId: string | undefined): boolean {
  return (
    zoneIds === undefined || zoneIds === '' || zoneId === undefined || zoneIds.split(',').includes(zoneId)
  );
}

function isActive(state: string | undefined): Reason {
  return state === undefined || state === 'Active' ? undefined : `It is ${state.toLowerCase()}.`;
}

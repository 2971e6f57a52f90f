import type { Capability, DiskOffering, ServiceOffering } from '../../client/index.js';
import {
  diskOfferingUnsuitable,
  gib,
  networkOfferingUnsuitable,
  networkUnsuitable,
  serviceOfferingUnsuitable,
  templateUnsuitable,
} from '../suitability.js';
import { fail, ofChosen, pass, warning, type Check, type Outcome } from './check.js';

/** A machine above these is no rarity. */
const COMMON_CPUS = 8;
const COMMON_MEMORY_MIB = 32 * 1024;
/** CloudStack's own default; an administrator who has lowered it may not think of disks that come from elsewhere. */
const COMMON_DISK_GIB = 1_024;

/** What machines and volumes are made from. */
export const CHOICE_CHECKS: readonly Check[] = [
  {
    check: 'template-is-small-and-ready',
    title: 'The template is small, ready and for KVM',
    of: ({ template, selection }) =>
      ofChosen(template, 'template', (chosen) =>
        suited(
          `The template "${chosen.name}"`,
          templateUnsuitable(chosen, selection.zoneId),
          chosen.size === undefined
            ? 'is ready in the zone.'
            : `has ${gib(chosen.size)} GiB and is ready in the zone.`,
          'Choose a template of less than 2 GiB for KVM that is ready in the zone.',
        ),
      ),
  },
  {
    check: 'service-offering-is-customizable',
    title: 'The compute offering takes any size',
    of: ({ serviceOffering, selection }) =>
      ofChosen(serviceOffering, 'compute offering', (chosen) => {
        const what = `The compute offering "${chosen.name}"`;
        const reason = serviceOfferingUnsuitable(chosen, selection.zoneId);
        return reason === undefined
          ? boundsOf(chosen, what)
          : fail(`${what}: ${reason}`, 'Choose a customizable compute offering.');
      }),
  },
  {
    check: 'disk-offering-takes-any-size',
    title: 'The disk offering takes any size',
    of: ({ diskOffering, selection, capability }) =>
      ofChosen(diskOffering, 'disk offering', (chosen) => {
        const what = `The disk offering "${chosen.name}"`;
        const reason = diskOfferingUnsuitable(chosen, selection.zoneId);
        return reason === undefined
          ? sizesOf(chosen, what, capability)
          : fail(`${what}: ${reason}`, 'Choose a disk offering of custom size.');
      }),
  },
  {
    check: 'network-is-usable',
    title: 'The network can be used for machines',
    of: ({ network, selection }) =>
      ofChosen(network, 'network', (chosen) =>
        suited(
          `The network "${chosen.name}"`,
          networkUnsuitable(chosen, selection.zoneId),
          'can be used in the zone.',
          'Choose a network of the zone in which this account may make machines.',
        ),
      ),
  },
  {
    check: 'test-network-offering-is-isolated',
    title: 'Test networks can be made from the network offering',
    of: ({ networkOffering }) =>
      ofChosen(networkOffering, 'network offering', (chosen) => {
        const what = `The network offering "${chosen.name}"`;
        const reason = networkOfferingUnsuitable(chosen);
        if (reason !== undefined)
          return fail(`${what}: ${reason}`, 'Choose an isolated or an L2 network offering without a VLAN.');
        return chosen.guestiptype === 'L2'
          ? warning(
              `${what} makes L2 networks: they have no DHCP, and a guest that wants an address has none in a test.`,
              'Choose an isolated network offering where guests get their addresses by DHCP.',
            )
          : pass(`${what} makes isolated networks.`);
      }),
  },
];

function suited(what: string, reason: string | undefined, good: string, remedy: string): Outcome {
  return reason === undefined ? pass(`${what} ${good}`) : fail(`${what}: ${reason}`, remedy);
}

/** Its bounds, where it has some; the names of these details were not verified at a server. */
function boundsOf({ serviceofferingdetails: details = {} }: ServiceOffering, what: string): Outcome {
  const cpus = Number(details['maxcpunumber'] ?? Number.NaN);
  const memoryMib = Number(details['maxmemory'] ?? Number.NaN);
  const tight = [
    ...(cpus < COMMON_CPUS ? [`${cpus} CPUs`] : []),
    ...(memoryMib < COMMON_MEMORY_MIB ? [`${memoryMib} MiB of memory`] : []),
  ];
  return tight.length === 0
    ? pass(`${what} is customizable.`)
    : warning(
        `${what} ends at ${tight.join(' and ')}: larger machines cannot be made with it.`,
        'Choose one with wider bounds, or another one for larger machines at their placement.',
      );
}

function sizesOf(offering: DiskOffering, what: string, capability: Capability): Outcome {
  const { customdiskofferingminsize: least = 1, customdiskofferingmaxsize: most } = capability;
  if (least > 1)
    return warning(
      `${what} takes any size, but the server none below ${least} GiB: smaller disks become as large as that.`,
      'Have custom.diskoffering.size.min set to 1, or do with larger volumes.',
    );
  if (most !== undefined && most < COMMON_DISK_GIB)
    return warning(
      `${what} takes any size, but the server none above ${most} GiB.`,
      'Have custom.diskoffering.size.max raised before larger disks are moved.',
    );
  if (offering.storagetype === 'local')
    return warning(
      `${what} is for local storage: a machine has to run on the very host of its volumes, and that is the appliance's.`,
      'Choose one for shared storage.',
    );
  return pass(`${what} takes any size.`);
}

import { MigrationError } from '@ossea/errors';
import type { CallOptions, DiscoveredItem, DiscoveredResources, Discovery } from '@ossea/plugin-sdk';
import {
  accountSchema,
  capabilitySchema,
  diskOfferingSchema,
  networkOfferingSchema,
  networkSchema,
  resourceLimitSchema,
  serviceOfferingSchema,
  templateSchema,
  zoneSchema,
  type Account,
  type Capability,
  type CloudstackClient,
  type Template,
} from '../client/index.js';
import { describeSkew } from '../fault-to-error.js';
import type { Credentials } from '../settings.js';
import { readIdentity } from './appliance-identity.js';
import {
  applianceItems,
  diskOfferingItems,
  limitItems,
  networkItems,
  networkOfferingItems,
  serviceOfferingItems,
  templateItems,
  zoneItems,
} from './discovered-items.js';
import { findAppliance, nameOf } from './find-appliance.js';
import { fewAtATime, look, lookAtOne, type Looked } from './look.js';

/** Requests at once. */
const AT_ONCE = 4;

/**
 * One look at all there is to choose from: one request per kind, and more only for further pages. The zones come first;
 * they tell wrong keys and a wrong address from commands that an account may not use.
 * Throws as `CloudstackClient.read` does for the zones, and `resource.not-found` where there is none.
 */
export async function discover(
  client: CloudstackClient,
  credentials: Credentials,
  options: CallOptions,
): Promise<Discovery> {
  const zones = await client.list('listZones', { available: true }, zoneSchema, options);
  if (zones.length === 0)
    throw new MigrationError('resource.not-found', 'The keys are right, and their account can use no zone.');
  const identity = await readIdentity(credentials.hostPaths.sysDir);
  const inProject = credentials.projectId !== undefined;
  const found = await fewAtATime(AT_ONCE, {
    appliance: () => findAppliance(client, identity, inProject, options),
    templates: () => lookForTemplates(client, options),
    serviceOfferings: () => look(client, 'listServiceOfferings', {}, serviceOfferingSchema, options),
    diskOfferings: () => look(client, 'listDiskOfferings', {}, diskOfferingSchema, options),
    networks: () => look(client, 'listNetworks', { canusefordeploy: true }, networkSchema, options),
    networkOfferings: () =>
      look(client, 'listNetworkOfferings', { state: 'Enabled' }, networkOfferingSchema, options),
    accounts: () => look(client, 'listAccounts', {}, accountSchema, options),
    limits: () => look(client, 'listResourceLimits', {}, resourceLimitSchema, options),
    capabilities: () => lookAtOne(client, 'listCapabilities', capabilitySchema, options),
  });
  const { machine, how, remedy, seen } = found.appliance;
  const zoneId = machine?.zoneid;
  const elsewhere = projectRemedy(machine?.projectid, credentials);
  return {
    appliance: {
      ...(machine ? { id: machine.id, name: nameOf(machine) } : {}),
      how,
      ...((remedy ?? elsewhere) === undefined ? {} : { remedy: (remedy ?? elsewhere)! }),
    },
    facts: factsOf(client, credentials, found.capabilities.items[0], found.accounts.items),
    resources: [
      resources('appliances', 'This appliance', 'applianceVmId', seen, applianceItems(machine, seen.items)),
      resources('zones', 'Zones', 'zoneId', { items: zones }, zoneItems(zones, zoneId)),
      resources(
        'templates',
        'Templates',
        'templateId',
        found.templates,
        templateItems(found.templates.items, zoneId),
      ),
      resources(
        'service-offerings',
        'Compute offerings',
        'serviceOfferingId',
        found.serviceOfferings,
        serviceOfferingItems(found.serviceOfferings.items, zoneId),
      ),
      resources(
        'disk-offerings',
        'Disk offerings',
        'diskOfferingId',
        found.diskOfferings,
        diskOfferingItems(found.diskOfferings.items, zoneId),
      ),
      resources(
        'networks',
        'Networks',
        'networkId',
        found.networks,
        networkItems(found.networks.items, zoneId),
      ),
      resources(
        'network-offerings',
        'Network offerings for tests',
        'testNetworkOfferingId',
        found.networkOfferings,
        networkOfferingItems(found.networkOfferings.items),
      ),
      resources('limits', 'Limits', undefined, found.limits, limitItems(found.limits.items)),
      // what only feeds the facts is named where it could not be listed
      ...[
        resources('accounts', 'Account', undefined, found.accounts, []),
        resources('capabilities', 'Release', undefined, found.capabilities, []),
      ].filter(({ problem }) => problem !== undefined),
    ],
  };
}

/** Those that may be deployed; where there is none, or none may be listed, the featured ones. */
async function lookForTemplates(client: CloudstackClient, options: CallOptions): Promise<Looked<Template>> {
  const list = (templatefilter: string) =>
    look(client, 'listTemplates', { templatefilter }, templateSchema, options);
  const executable = await list('executable');
  return executable.items.length > 0 ? executable : list('featured');
}

function resources(
  kind: string,
  title: string,
  field: string | undefined,
  { problem }: Looked<unknown>,
  items: readonly DiscoveredItem[],
): DiscoveredResources {
  return {
    kind,
    title,
    ...(field === undefined ? {} : { field }),
    items,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** What the account has to work in where the appliance belongs to a project: volumes are the owner's. */
function projectRemedy(projectId: string | undefined, credentials: Credentials): string | undefined {
  if (projectId === credentials.projectId) return undefined;
  return projectId === undefined
    ? 'This appliance belongs to no project: leave the project empty.'
    : `This appliance belongs to a project: enter ${projectId} as the project.`;
}

function factsOf(
  client: CloudstackClient,
  { apiUrl }: Credentials,
  capability: Capability | undefined,
  accounts: readonly Account[],
): Discovery['facts'] {
  // an administrator may see others beside its own
  const account = accounts.length === 1 ? accounts[0] : undefined;
  const skewMs = client.clockSkewMs;
  const facts: Readonly<Record<string, string | undefined>> = {
    CloudStack: capability?.cloudstackversion,
    'Snapshots of running machines':
      capability?.kvmsnapshotenabled === undefined ? undefined : capability.kvmsnapshotenabled ? 'on' : 'off',
    Account: account && [account.name, account.domainpath ?? account.domain].filter(Boolean).join(' of '),
    Role: account && (account.rolename ?? account.roletype),
    'Machines left': left(account?.vmavailable),
    'Volumes left': left(account?.volumeavailable),
    'Snapshots left': left(account?.snapshotavailable),
    'Primary storage left': left(account?.primarystorageavailable, ' GiB'),
    'Secondary storage left': left(account?.secondarystorageavailable, ' GiB'),
    Connection: apiUrl.startsWith('https:') ? 'encrypted' : 'not encrypted',
    Clock:
      skewMs === undefined || Math.abs(skewMs) < 5_000 ? undefined : `${describeSkew(skewMs)} the server's`,
  };
  return Object.entries(facts).flatMap(([title, value]) => (value === undefined ? [] : [{ title, value }]));
}

function left(available: number | undefined, unit = ''): string | undefined {
  if (available === undefined) return undefined;
  return available === Number.POSITIVE_INFINITY ? 'unlimited' : `${available}${unit}`;
}

import type { CallOptions } from '@ossea/plugin-sdk';
import {
  accountSchema,
  capabilitySchema,
  capacitySchema,
  diskOfferingSchema,
  hostSchema,
  hypervisorCapabilitiesSchema,
  networkOfferingSchema,
  networkSchema,
  serviceOfferingSchema,
  storagePoolSchema,
  templateSchema,
  virtualMachineSchema,
  vmSnapshotSchema,
  volumeSchema,
  zoneSchema,
  type Account,
  type Capability,
  type Capacity,
  type CloudstackClient,
  type DiskOffering,
  type Host,
  type HypervisorCapabilities,
  type Network,
  type NetworkOffering,
  type ServiceOffering,
  type StoragePool,
  type Template,
  type VirtualMachine,
  type VmSnapshot,
  type Volume,
  type Zone,
} from '../client/index.js';
import type { Credentials, Selection } from '../settings.js';
import { readIdentity, type ApplianceIdentity } from './appliance-identity.js';
import { fewAtATime, look, type Looked } from './look.js';

/** What the checks of a selection are made of; gathered once, and looked at by all. */
export interface Facts {
  readonly credentials: Credentials;
  readonly selection: Selection;
  readonly identity: ApplianceIdentity;
  /** Milliseconds by which our clock is ahead of the server's. */
  readonly clockSkewMs?: number;
  readonly capability: Capability;
  readonly accounts: Looked<Account>;
  readonly zone: Looked<Zone>;
  readonly appliance: Looked<VirtualMachine>;
  readonly applianceVolumes: Looked<Volume>;
  readonly applianceSnapshots: Looked<VmSnapshot>;
  readonly template: Looked<Template>;
  readonly serviceOffering: Looked<ServiceOffering>;
  readonly diskOffering: Looked<DiskOffering>;
  readonly network: Looked<Network>;
  readonly networkOffering: Looked<NetworkOffering>;
  /** These are for administrators; other accounts are refused them. */
  readonly hypervisors: Looked<HypervisorCapabilities>;
  readonly pools: Looked<StoragePool>;
  readonly hosts: Looked<Host>;
  readonly capacity: Looked<Capacity>;
}

/** Requests at once. */
const AT_ONCE = 4;

/**
 * Looks at everything that was chosen, and at what bears on it; by its id, so that a large installation is no more work
 * than a small one. Capabilities first: they tell wrong keys and a wrong address from commands that an account may not
 * use. Throws as `CloudstackClient.read` does for them.
 */
export async function gatherFacts(
  client: CloudstackClient,
  credentials: Credentials,
  selection: Selection,
  options: CallOptions,
): Promise<Facts> {
  const capability = await client.read('listCapabilities', {}, capabilitySchema, options);
  const { applianceVmId, zoneId } = selection;
  const virtualmachineid = applianceVmId;
  const looks = await fewAtATime(AT_ONCE, {
    zone: () => look(client, 'listZones', { id: zoneId, available: true }, zoneSchema, options),
    accounts: () => look(client, 'listAccounts', {}, accountSchema, options),
    appliance: () => lookForAppliance(client, applianceVmId, options),
    applianceVolumes: () =>
      look(client, 'listVolumes', { virtualmachineid, listall: true }, volumeSchema, options),
    applianceSnapshots: () =>
      look(client, 'listVMSnapshot', { virtualmachineid, listall: true }, vmSnapshotSchema, options),
    template: () =>
      look(
        client,
        'listTemplates',
        { templatefilter: 'executable', id: selection.templateId, zoneid: zoneId },
        templateSchema,
        options,
      ),
    serviceOffering: () =>
      look(
        client,
        'listServiceOfferings',
        { id: selection.serviceOfferingId },
        serviceOfferingSchema,
        options,
      ),
    diskOffering: () =>
      look(client, 'listDiskOfferings', { id: selection.diskOfferingId }, diskOfferingSchema, options),
    network: () => look(client, 'listNetworks', { id: selection.networkId }, networkSchema, options),
    networkOffering: () =>
      look(
        client,
        'listNetworkOfferings',
        { id: selection.testNetworkOfferingId },
        networkOfferingSchema,
        options,
      ),
    hypervisors: () =>
      look(
        client,
        'listHypervisorCapabilities',
        { hypervisor: 'KVM' },
        hypervisorCapabilitiesSchema,
        options,
      ),
    pools: () => look(client, 'listStoragePools', { zoneid: zoneId }, storagePoolSchema, options),
    hosts: () => look(client, 'listHosts', { zoneid: zoneId, type: 'Routing' }, hostSchema, options),
    capacity: () => look(client, 'listCapacity', { zoneid: zoneId }, capacitySchema, options),
  });
  const { clockSkewMs } = client;
  return {
    credentials,
    selection,
    identity: await readIdentity(credentials.hostPaths.sysDir),
    ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
    capability,
    ...looks,
  };
}

/** Among the account's machines, and then among those of its projects. */
async function lookForAppliance(
  client: CloudstackClient,
  id: string,
  options: CallOptions,
): Promise<Looked<VirtualMachine>> {
  const params = { id, listall: true, details: ['min', 'nics'] };
  const own = await look(client, 'listVirtualMachines', params, virtualMachineSchema, options);
  if (own.items.length > 0 || own.problem) return own;
  return look(client, 'listVirtualMachines', { ...params, projectid: '-1' }, virtualMachineSchema, options);
}

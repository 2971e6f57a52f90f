import { ApiError } from '../protocol/api-error.js';
import { checkLimit } from '../rules/limits.js';
import { CREATE_NETWORK_RULES, DELETE_NETWORK_RULES } from '../rules/network-rules.js';
import { apply } from '../rules/rule.js';
import type { Network, NetworkOffering } from '../state/model.js';
import { newRow } from '../state/table.js';
import { canBeUsed, networkView } from '../views/network-view.js';
import type { Call } from './call.js';
import { OWNED, PAGED, type Command } from './command.js';
import { all, byIds, contains, equals, inScope, listed } from './lists.js';
import { ownerOf } from './owner.js';

/** What an isolated network gets when nobody says otherwise. */
const DEFAULT_SUBNET = { gateway: '10.1.1.1', netmask: '255.255.255.0' };

function create(call: Call) {
  const { world, settings } = call.cloud;
  const owner = ownerOf(call);
  const offering = call.get(world.networkOfferings, 'networkofferingid');
  const [vlan, gateway, netmask] = [call.text('vlan'), call.text('gateway'), call.text('netmask')];
  const displayText = call.text('displaytext');
  const subject = { offering, caller: call.caller, vlan, gateway, netmask, displayText, settings };
  apply(CREATE_NETWORK_RULES, subject);
  checkLimit(call.cloud, owner, { networks: 1 });
  const given = gateway !== undefined && netmask !== undefined ? { gateway, netmask } : undefined;
  const row = newRow();
  const network = world.networks.add<Network>({
    ...row,
    name: call.text('name')!,
    displayText: displayText ?? call.text('name')!,
    zone: call.get(world.zones, 'zoneid'),
    type: offering.guestType,
    offering,
    account: owner,
    state: offering.guestType === 'Shared' ? 'Setup' : 'Allocated',
    subnet: offering.guestType === 'L2' ? undefined : (given ?? DEFAULT_SUBNET),
    domainName: call.text('networkdomain') ?? `cs${row.number}cloud.internal`,
    vlan,
  });
  return { network: networkView(call.cloud, network) };
}

function remove(call: Call) {
  const { world } = call.cloud;
  const network = call.get(world.networks, 'id');
  const mine = call.caller.isRootAdmin || network.account === call.caller;
  if (!mine)
    throw new ApiError(
      'permission',
      `Acct[${call.caller.id}-${call.caller.name}] does not have permission to operate with resource Network[${network.id}]`,
    );
  return call.submit({
    instance: { type: 'Network', id: network.id },
    check: () => apply(DELETE_NETWORK_RULES, { world, network }),
    run: async () => {
      network.state = 'Destroy';
      network.removed = true;
      world.tags = world.tags.filter(({ resourceId }) => resourceId !== network.id);
      return { success: true };
    },
  });
}

function list(call: Call) {
  const scope = inScope(call);
  const usable = call.flag('canusefordeploy');
  const rows = call.cloud.world.networks.all().filter(
    all<Network>(
      // a shared network is everybody's
      (network) => scope(network) || (network.account === undefined && call.projectId === undefined),
      byIds(call),
      equals(call, 'name', ({ name }) => name),
      contains(call, 'keyword', ({ name }) => name),
      equals(call, 'zoneid', ({ zone }) => zone.id),
      equals(call, 'type', ({ type }) => type),
      equals(call, 'acltype', ({ account }) => (account ? 'Account' : 'Domain')),
      equals(call, 'traffictype', () => 'Guest'),
      equals(call, 'networkofferingid', ({ offering }) => offering.id),
      (network) => usable === undefined || canBeUsed(network) === usable,
    ),
  );
  return listed(call, 'network', rows, (network) => networkView(call.cloud, network));
}

function listOfferings(call: Call) {
  const specify = call.flag('specifyvlan');
  const rows = call.cloud.world.networkOfferings.all().filter(
    all<NetworkOffering>(
      byIds(call),
      equals(call, 'name', ({ name }) => name),
      contains(call, 'keyword', ({ name }) => name),
      equals(call, 'guestiptype', ({ guestType }) => guestType),
      equals(call, 'traffictype', () => 'Guest'),
      equals(call, 'state', () => 'Enabled'),
      ({ specifyVlan }) => specify === undefined || specify === specifyVlan,
    ),
  );
  return listed(call, 'networkoffering', rows, ({ id, name, guestType, specifyVlan }) => ({
    id,
    name,
    displaytext: name,
    state: 'Enabled',
    guestiptype: guestType,
    traffictype: 'Guest',
    availability: 'Optional',
    specifyvlan: specifyVlan,
    specifyipranges: guestType === 'Shared',
    ispersistent: false,
    egressdefaultpolicy: true,
    forvpc: false,
    isdefault: true,
    service: guestType === 'L2' ? [] : [{ name: 'Dhcp' }, { name: 'UserData' }],
  }));
}

export const NETWORK_COMMANDS: readonly Command[] = [
  {
    name: 'createNetwork',
    parameters: {
      'name!': 'string',
      'networkofferingid!': 'networkOffering',
      'zoneid!': 'zone',
      displaytext: 'string',
      gateway: 'string',
      netmask: 'string',
      startip: 'string',
      endip: 'string',
      vlan: 'string',
      networkdomain: 'string',
      account: 'string',
      domainid: 'domain',
      projectid: 'project',
      acltype: 'string',
      physicalnetworkid: 'string',
    },
    answer: create,
  },
  {
    name: 'deleteNetwork',
    job: 'network.DeleteNetworkCmd',
    parameters: { 'id!': 'network', forced: 'boolean' },
    answer: remove,
  },
  {
    name: 'listNetworks',
    parameters: {
      id: 'network',
      name: 'string',
      zoneid: 'zone',
      type: 'string',
      networkfilter: 'string',
      canusefordeploy: 'boolean',
      acltype: 'string',
      traffictype: 'string',
      networkofferingid: 'networkOffering',
      vpcid: 'string',
      forvpc: 'boolean',
      ...OWNED,
    },
    answer: list,
  },
  {
    name: 'listNetworkOfferings',
    parameters: {
      id: 'networkOffering',
      name: 'string',
      state: 'string',
      guestiptype: 'string',
      zoneid: 'zone',
      traffictype: 'string',
      specifyvlan: 'boolean',
      forvpc: 'boolean',
      supportedservices: 'csv',
      availability: 'string',
      ...PAGED,
    },
    answer: listOfferings,
  },
];

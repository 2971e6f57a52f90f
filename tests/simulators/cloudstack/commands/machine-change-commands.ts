import { invalid } from '../protocol/api-error.js';
import { NAME_RULES, NETWORK_RULES } from '../rules/deploy-rules.js';
import { NIC_RULES } from '../rules/nic-rules.js';
import { apply } from '../rules/rule.js';
import type { Machine } from '../state/model.js';
import { machineView, nicView } from '../views/machine-view.js';
import type { Call } from './call.js';
import { PAGED, type Command } from './command.js';
import { makeNic } from './deploy-command.js';
import { all, equals, listed } from './lists.js';

/** `user.vm.readonly.details` and `user.vm.denied.details`: an ordinary user keeps what there is of them. */
const KEPT_DETAILS = [
  'dataDiskController',
  'rootDiskController',
  'rootdisksize',
  'cpuOvercommitRatio',
  'memoryOvercommitRatio',
];

function update(call: Call) {
  const { world } = call.cloud;
  const machine = call.get(world.machines, 'id');
  if (machine.removed) throw invalid(`unable to find virtual machine with id ${machine.number}`);
  const name = call.text('name');
  if (name !== machine.name) apply(NAME_RULES, { world, name, nics: machine.nics });
  machine.name = name ?? machine.name;
  machine.displayName = call.text('displayname') ?? machine.displayName;
  machine.osType = call.find(world.osTypes, 'ostypeid') ?? machine.osType;
  machine.details = newDetails(call, machine);
  machine.lastUpdated = new Date();
  return { virtualmachine: machineView(call.cloud, machine) };
}

/** The whole set is replaced; an empty map changes nothing. */
function newDetails(call: Call, machine: Machine): ReadonlyMap<string, string> {
  const details = call.map('details');
  if (call.flag('cleanupdetails')) return kept(call, machine);
  if (details.size === 0) return machine.details;
  if ([...details.keys()].some((key) => key.startsWith('extraconfig')))
    throw invalid("'extraconfig' should not be included in details as key");
  return new Map([...details, ...kept(call, machine)]);
}

function kept(call: Call, { details }: Machine): ReadonlyMap<string, string> {
  return new Map([...details].filter(([key]) => !call.caller.isRootAdmin && KEPT_DETAILS.includes(key)));
}

function addNic(call: Call) {
  const { world } = call.cloud;
  const machine = call.get(world.machines, 'virtualmachineid');
  const network = call.get(world.networks, 'networkid');
  const wanted = { network, ip: call.text('ipaddress'), mac: call.text('macaddress') };
  return call.submit({
    instance: { type: 'VirtualMachine', id: machine.id },
    machineId: machine.id,
    check: () => {
      apply(NIC_RULES, { machine, network, nic: undefined });
      const { account: owner, zone } = machine;
      apply(NETWORK_RULES, { world, owner, zone, nics: [wanted] });
    },
    run: async () => {
      machine.nics = [...machine.nics, makeNic(call, wanted, machine.nics.length === 0)];
      return { virtualmachine: machineView(call.cloud, machine) };
    },
  });
}

function removeNic(call: Call) {
  const machine = call.get(call.cloud.world.machines, 'virtualmachineid');
  const nic = machine.nics.find(({ id }) => id === call.text('nicid'));
  return call.submit({
    instance: { type: 'VirtualMachine', id: machine.id },
    machineId: machine.id,
    check: () => {
      if (!nic) throw invalid(`unable to find nic with id ${call.text('nicid') ?? ''} on VM ${machine.id}`);
      apply(NIC_RULES, { machine, network: undefined, nic });
    },
    run: async () => {
      machine.nics = machine.nics.filter((one) => one !== nic);
      return { virtualmachine: machineView(call.cloud, machine) };
    },
  });
}

function listNics(call: Call) {
  const machine = call.get(call.cloud.world.machines, 'virtualmachineid');
  const mine = call.caller.isRootAdmin || machine.account === call.caller;
  const rows = machine.nics.map((nic, index) => ({ nic, index }));
  const wanted = rows.filter(
    all(
      () => mine && !machine.removed,
      equals(call, 'nicid', ({ nic }) => nic.id),
      equals(call, 'networkid', ({ nic }) => nic.network.id),
    ),
  );
  return listed(call, 'nic', wanted, ({ nic, index }) => nicView(nic, index));
}

function createConsoleEndpoint(call: Call) {
  const machine = call.get(call.cloud.world.machines, 'virtualmachineid');
  const runs = machine.state === 'Running';
  const url = `${call.cloud.origin()}/resource/noVNC/vnc.html?autoconnect=true&port=8080&token=${machine.id}`;
  return {
    consoleendpoint: runs
      ? { success: true, url }
      : { success: false, details: `VM ${machine.id} must be running to connect console` },
  };
}

export const MACHINE_CHANGE_COMMANDS: readonly Command[] = [
  {
    name: 'updateVirtualMachine',
    parameters: {
      'id!': 'machine',
      name: 'string',
      displayname: 'string',
      ostypeid: 'osType',
      details: 'map',
      cleanupdetails: 'boolean',
      haenable: 'boolean',
      isdynamicallyscalable: 'boolean',
      deleteprotection: 'boolean',
      userdata: 'string',
      group: 'string',
      instancename: 'string',
    },
    answer: update,
  },
  {
    name: 'addNicToVirtualMachine',
    job: 'vm.AddNicToVMCmd',
    parameters: {
      'networkid!': 'network',
      'virtualmachineid!': 'machine',
      ipaddress: 'string',
      macaddress: 'string',
    },
    answer: addNic,
  },
  {
    name: 'removeNicFromVirtualMachine',
    job: 'vm.RemoveNicFromVMCmd',
    parameters: { 'nicid!': 'nic', 'virtualmachineid!': 'machine' },
    answer: removeNic,
  },
  {
    name: 'listNics',
    parameters: { 'virtualmachineid!': 'machine', networkid: 'network', nicid: 'nic', ...PAGED },
    answer: listNics,
  },
  {
    name: 'createConsoleEndpoint',
    parameters: { 'virtualmachineid!': 'machine', token: 'string' },
    answer: createConsoleEndpoint,
  },
];

import {
  destroyMachine,
  expungeMachine,
  noticePowerOff,
  startMachine,
  stopMachine,
} from '../machines/machine-work.js';
import { DESTROY_RULES, EXPUNGE_RULES, START_RULES, STOP_RULES } from '../rules/machine-rules.js';
import { apply } from '../rules/rule.js';
import type { Machine } from '../state/model.js';
import { machineView } from '../views/machine-view.js';
import type { Call } from './call.js';
import { OWNED, type Command } from './command.js';
import { all, byIds, contains, equals, hasTags, inScope, listed } from './lists.js';

const subjectOf = (call: Call) => ({
  world: call.cloud.world,
  machine: call.get(call.cloud.world.machines, 'id'),
});
const instanceOf = ({ id }: Machine) => ({ type: 'VirtualMachine', id });

function start(call: Call) {
  const { machine } = subjectOf(call);
  return call.submit({
    instance: instanceOf(machine),
    machineId: machine.id,
    check: () => apply(START_RULES, subjectOf(call)),
    run: async () => {
      await noticePowerOff(call.cloud);
      await startMachine(call.cloud, machine);
      return { virtualmachine: machineView(call.cloud, machine) };
    },
  });
}

function stop(call: Call) {
  const { machine } = subjectOf(call);
  return call.submit({
    instance: instanceOf(machine),
    machineId: machine.id,
    check: () => apply(STOP_RULES, subjectOf(call)),
    run: async () => {
      await stopMachine(call.cloud, machine, call.flag('forced') ?? false);
      return { virtualmachine: machineView(call.cloud, machine) };
    },
  });
}

function destroy(call: Call) {
  const { machine, world } = subjectOf(call);
  const volumes = (call.list('volumeids') ?? []).map((id) => world.volumes.find(id)!);
  const expunge = call.flag('expunge') ?? false;
  const subject = { world, machine, volumes, expunge, caller: call.caller, settings: call.cloud.settings };
  return call.submit({
    instance: instanceOf(machine),
    machineId: machine.id,
    check: () => apply(DESTROY_RULES, subject),
    run: async () => {
      await destroyMachine(call.cloud, machine, { volumes, expunge });
      return { virtualmachine: machineView(call.cloud, machine) };
    },
  });
}

function expunge(call: Call) {
  const { machine } = subjectOf(call);
  return call.submit({
    instance: instanceOf(machine),
    machineId: machine.id,
    check: () => apply(EXPUNGE_RULES, subjectOf(call)),
    run: async () => {
      await expungeMachine(call.cloud, machine);
      return { success: true };
    },
  });
}

/** States by the names of the filter; `Present` is whatever is not on its way out. */
function inState(call: Call): (machine: Machine) => boolean {
  const { allowUserViewDestroyed } = call.cloud.settings;
  const hidden = !call.caller.isRootAdmin && !allowUserViewDestroyed ? ['Destroyed', 'Expunging'] : [];
  const wanted = call.text('state')?.toLowerCase();
  return ({ state }) => {
    if (hidden.includes(state)) return false;
    if (wanted === 'present') return state !== 'Destroyed' && state !== 'Expunging';
    return wanted === undefined || state.toLowerCase() === wanted;
  };
}

async function list(call: Call) {
  await noticePowerOff(call.cloud);
  const networkId = call.text('networkid');
  const rows = call.cloud.world.machines.all().filter(
    all<Machine>(
      inScope(call),
      byIds(call),
      inState(call),
      contains(call, 'name', ({ name, displayName }) => `${name}\n${displayName}`),
      contains(call, 'keyword', ({ name, displayName }) => `${name}\n${displayName}`),
      equals(call, 'zoneid', ({ zone }) => zone.id),
      equals(call, 'templateid', ({ template }) => template.id),
      equals(call, 'serviceofferingid', ({ offering }) => offering.id),
      equals(call, 'hypervisor', () => 'KVM'),
      equals(call, 'hostid', ({ state }) => (state === 'Running' ? call.cloud.world.host.id : undefined)),
      ({ nics }) => networkId === undefined || nics.some(({ network }) => network.id === networkId),
      hasTags(call),
    ),
  );
  const parts = call.list('details');
  return listed(call, 'virtualmachine', rows, (machine) => machineView(call.cloud, machine, parts));
}

export const MACHINE_COMMANDS: readonly Command[] = [
  {
    name: 'startVirtualMachine',
    job: 'vm.StartVMCmd',
    parameters: {
      'id!': 'machine',
      hostid: 'host',
      clusterid: 'string',
      podid: 'string',
      considerlasthost: 'boolean',
      deploymentplanner: 'string',
    },
    answer: start,
  },
  {
    name: 'stopVirtualMachine',
    job: 'vm.StopVMCmd',
    parameters: { 'id!': 'machine', forced: 'boolean' },
    answer: stop,
  },
  {
    name: 'destroyVirtualMachine',
    job: 'vm.DestroyVMCmd',
    parameters: { 'id!': 'machine', expunge: 'boolean', volumeids: 'volumes' },
    answer: destroy,
  },
  {
    name: 'expungeVirtualMachine',
    job: 'vm.ExpungeVMCmd',
    rootAdminOnly: true,
    parameters: { 'id!': 'machine' },
    answer: expunge,
  },
  {
    name: 'listVirtualMachines',
    parameters: {
      id: 'machine',
      ids: 'machines',
      name: 'string',
      state: 'string',
      zoneid: 'zone',
      networkid: 'network',
      hostid: 'host',
      templateid: 'template',
      hypervisor: 'string',
      serviceofferingid: 'serviceOffering',
      details: 'csv',
      tags: 'map',
      displayvm: 'boolean',
      ...OWNED,
    },
    answer: list,
  },
];

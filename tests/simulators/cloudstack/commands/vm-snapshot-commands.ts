import { runtime } from '../protocol/api-error.js';
import { apply } from '../rules/rule.js';
import { CREATE_VM_SNAPSHOT_RULES } from '../rules/snapshot-rules.js';
import type { VmSnapshot } from '../state/model.js';
import { newRow } from '../state/table.js';
import { vmSnapshotView } from '../views/snapshot-view.js';
import type { Call } from './call.js';
import { OWNED, type Command } from './command.js';
import { all, contains, equals, hasTags, inScope, listed } from './lists.js';

/** A row alone: what it stands in the way of is all that a client meets of it. */
function create(call: Call) {
  const { world } = call.cloud;
  const machine = call.get(world.machines, 'virtualmachineid');
  const row = newRow();
  const displayName = call.text('name') ?? `i-2-${machine.number}-VM_VS_${row.number}`;
  const memory = call.flag('snapshotmemory') ?? false;
  apply(CREATE_VM_SNAPSHOT_RULES, { world, machine, memory, displayName });
  const snapshot = world.vmSnapshots.add<VmSnapshot>({
    ...row,
    name: `i-2-${machine.number}-VM_VS_${row.number}`,
    displayName,
    description: call.text('description'),
    machine,
    account: machine.account,
    type: memory ? 'DiskAndMemory' : 'Disk',
    state: 'Creating',
  });
  return call.submit(
    {
      instance: { type: 'VmSnapshot', id: snapshot.id },
      machineId: machine.id,
      run: async () => {
        snapshot.state = 'Ready';
        return { vmsnapshot: vmSnapshotView(call.cloud, snapshot) };
      },
      failed: async () => {
        snapshot.state = 'Error';
        snapshot.removed = true;
      },
    },
    snapshot,
  );
}

function remove(call: Call) {
  const snapshot = call.get(call.cloud.world.vmSnapshots, 'vmsnapshotid');
  return call.submit({
    instance: { type: 'VmSnapshot', id: snapshot.id },
    machineId: snapshot.machine.id,
    run: async () => {
      if (snapshot.removed) throw runtime(`unable to find the vm snapshot with id ${snapshot.number}`);
      snapshot.removed = true;
      return { success: true };
    },
  });
}

function list(call: Call) {
  const ids = [...(call.list('vmsnapshotids') ?? []), ...(call.list('vmsnapshotid') ?? [])];
  const rows = call.cloud.world.vmSnapshots.all().filter(
    all<VmSnapshot>(
      inScope(call),
      ({ id }) => ids.length === 0 || ids.includes(id),
      equals(call, 'virtualmachineid', ({ machine }) => machine.id),
      equals(call, 'state', ({ state }) => state),
      contains(call, 'name', ({ name }) => name),
      contains(call, 'keyword', ({ displayName }) => displayName),
      hasTags(call),
    ),
  );
  return listed(call, 'vmSnapshot', rows, (snapshot) => vmSnapshotView(call.cloud, snapshot));
}

export const VM_SNAPSHOT_COMMANDS: readonly Command[] = [
  {
    name: 'createVMSnapshot',
    job: 'vmsnapshot.CreateVMSnapshotCmd',
    parameters: {
      'virtualmachineid!': 'machine',
      name: 'string',
      description: 'string',
      snapshotmemory: 'boolean',
      quiescevm: 'boolean',
    },
    answer: create,
  },
  {
    name: 'deleteVMSnapshot',
    job: 'vmsnapshot.DeleteVMSnapshotCmd',
    parameters: { 'vmsnapshotid!': 'vmSnapshot' },
    answer: remove,
  },
  {
    name: 'listVMSnapshot',
    parameters: {
      virtualmachineid: 'machine',
      vmsnapshotid: 'vmSnapshot',
      vmsnapshotids: 'vmSnapshots',
      name: 'string',
      state: 'string',
      tags: 'map',
      ...OWNED,
    },
    answer: list,
  },
];

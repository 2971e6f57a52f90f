import type { DescribedVm, SourceMachine } from '@ossea/api-contract';
import type { VmDescription } from '@ossea/plugin-sdk';
import type { MachineFacts } from './vm-context.entity.js';

/** A machine as the API shows it: without identities and disks. */
function sourceMachineOf({
  id: _id,
  name: _name,
  hostId: _host,
  disks: _disks,
  nics,
  concerns,
  snapshots,
  ...facts
}: VmDescription): SourceMachine {
  return {
    ...facts,
    nics: nics.map(({ addresses, ...nic }) => ({
      ...nic,
      ...(addresses ? { addresses: [...addresses] } : {}),
    })),
    concerns: [...concerns],
    ...(snapshots ? { snapshots: [...snapshots] } : {}),
  };
}

/** What is kept of a machine beside its row: for people, and for the blueprint of its successor. */
export function machineFactsOf(vm: VmDescription): MachineFacts {
  return {
    ...sourceMachineOf(vm),
    disks: vm.disks.map(({ backing: _b, label: _l, sizeBytes: _s, boot: _boot, ...details }) => details),
  };
}

/** The whole of it, as the API shows a machine that need not be under management. */
export function describedVmOf(vm: VmDescription): DescribedVm {
  const { id, name, hostId, disks } = vm;
  return { ...sourceMachineOf(vm), id, name, hostId, disks: [...disks] };
}

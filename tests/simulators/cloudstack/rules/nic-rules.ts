import type { Machine, Network, Nic } from '../state/model.js';
import type { Rule } from './rule.js';

export interface ChangingNics {
  readonly machine: Machine;
  /** Of a card that is added. */
  readonly network: Network | undefined;
  /** One that is removed. */
  readonly nic: Nic | undefined;
}

export const NIC_RULES: readonly Rule<ChangingNics>[] = [
  {
    refuses: ({ machine }) => machine.removed,
    text: ({ machine }) => `unable to find a virtual machine with id ${machine.number}`,
  },
  {
    refuses: ({ machine }) => !['Running', 'Stopped'].includes(machine.state),
    as: 'runtime',
    text: ({ machine }) => `${machine.name} is not in Running or Stopped state`,
  },
  {
    refuses: ({ machine, network }) => machine.nics.some((nic) => nic.network === network),
    as: 'runtime',
    text: ({ machine, network }) =>
      `A NIC already exists for VM:i-2-${machine.number}-VM in network: ${network!.id}`,
  },
  {
    refuses: ({ nic }) => nic?.isDefault === true,
    text: ({ machine, nic }) =>
      `Unable to remove nic from ${machine.name} in network ${nic!.network.name}, nic is default.`,
  },
];

import type { BlueprintNic, MachineBlueprint, VmDescription } from '@ossea/plugin-sdk';
import { NetworkMapping } from '../networks/network-mapping.entity.js';
import type { RunContext } from '../replication/run-context.js';

/**
 * The target machine's NICs, in the source's order and with its MAC addresses.
 * A NIC whose network is not mapped is left out: the pre-flight has said so, as a blocker or a warning.
 */
export async function nicsOf(
  { database, contextId }: Pick<RunContext, 'database' | 'contextId'>,
  vm: VmDescription,
  use: 'live' | 'test',
): Promise<BlueprintNic[]> {
  const mappings = await database.getRepository(NetworkMapping).findBy({ contextId });
  return vm.nics.flatMap(({ mac, network, addresses }) => {
    const mapping = mappings.find(({ sourceNetwork }) => sourceNetwork === network);
    const target = use === 'live' ? mapping?.liveNetwork : mapping?.testNetwork;
    return target ? [{ mac, network: target, ...(addresses ? { addresses } : {}) }] : [];
  });
}

/** What the target machine takes over from the source's, whatever it is called and wherever its disks come from. */
export function hardwareOf(
  vm: VmDescription,
): Pick<MachineBlueprint<unknown>, 'cpus' | 'memoryBytes' | 'firmware' | 'secureBoot' | 'guestOs'> {
  const { cpus, memoryBytes, firmware, secureBoot, guestOs } = vm;
  return {
    cpus,
    memoryBytes,
    firmware,
    ...(secureBoot === undefined ? {} : { secureBoot }),
    ...(guestOs === undefined ? {} : { guestOs }),
  };
}

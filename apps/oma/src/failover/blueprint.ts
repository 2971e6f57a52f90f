import type { BlueprintNic, VmDescription } from '@ossea/plugin-sdk';
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
  return vm.nics.flatMap(({ mac, network }) => {
    const mapping = mappings.find(({ sourceNetwork }) => sourceNetwork === network);
    const target = use === 'live' ? mapping?.liveNetwork : mapping?.testNetwork;
    return target ? [{ mac, network: target }] : [];
  });
}

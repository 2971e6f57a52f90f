import type { NicDescription } from '@ossea/plugin-sdk';
import type { ManagedObjectReference, VirtualDevice } from './vim25/index.js';
import { devicesOf, type VmProperties } from './vm-properties.js';

/** The adapters of vim25; a later one that is not named here says `macAddress` all the same. */
const MODELS: Readonly<Record<string, string>> = {
  VirtualE1000: 'E1000',
  VirtualE1000e: 'E1000e',
  VirtualPCNet32: 'PCNet32',
  VirtualVmxnet: 'Vmxnet',
  VirtualVmxnet2: 'Vmxnet2',
  VirtualVmxnet3: 'Vmxnet3',
  VirtualVmxnet3Vrdma: 'Vmxnet3Vrdma',
  VirtualSriovEthernetCard: 'Sriov',
};

export interface EthernetCard extends VirtualDevice {
  readonly macAddress?: string;
}

/** Backings of adapters, by what they name. */
interface NicBacking {
  readonly $type: string;
  readonly network?: ManagedObjectReference;
  readonly deviceName?: string;
  readonly port?: { readonly portgroupKey?: string };
  readonly opaqueNetworkId?: string;
}

export const isNic = (device: VirtualDevice): device is EthernetCard => 'macAddress' in device;

/** Names of networks, by what backings of adapters refer to. */
export interface NetworkNames {
  byRef(network: ManagedObjectReference): string | undefined;
  byPortgroupKey(key: string): string | undefined;
  byOpaqueId(id: string): string | undefined;
}

/**
 * Adapters in the order of their keys, which is the order the guest was given them. Static addresses count too: the
 * one that is used stands in `macAddress`, whoever chose it.
 */
export function describeNics(vm: VmProperties, names: NetworkNames): NicDescription[] {
  return devicesOf(vm)
    .filter(isNic)
    .toSorted((a, b) => a.key - b.key)
    .map((card) => {
      const { $type, network, deviceName, port, opaqueNetworkId } = (card.backing ??
        {}) as unknown as NicBacking;
      const name =
        (network && names.byRef(network)) ??
        (port?.portgroupKey && names.byPortgroupKey(port.portgroupKey)) ??
        (opaqueNetworkId && names.byOpaqueId(opaqueNetworkId)) ??
        deviceName ??
        port?.portgroupKey ??
        opaqueNetworkId ??
        $type ??
        'none';
      const guest = vm['guest.net']?.find(({ deviceConfigId }) => deviceConfigId === card.key);
      const addresses = guest?.ipAddress ?? [];
      return {
        key: String(card.key),
        mac: (card.macAddress ?? '').toLowerCase(),
        network: name,
        model: MODELS[card.$type ?? ''] ?? card.$type ?? 'unknown',
        ...(addresses.length > 0 ? { addresses: [...addresses] } : {}),
      };
    });
}

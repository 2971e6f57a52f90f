import type { VirtualDevice } from '../vim25/index.js';
import type { VmProperties } from '../vm-properties.js';

/** A device or backing of vim25, as far as a spec says it. */
export type Loose = { readonly $type: string } & Readonly<Record<string, unknown>>;

export const flatBacking = (more: object = {}): Loose => ({
  $type: 'VirtualDiskFlatVer2BackingInfo',
  fileName: '[LocalDS_0] web-01/web-01.vmdk',
  datastore: { type: 'Datastore', value: 'datastore-11' },
  diskMode: 'persistent',
  thinProvisioned: true,
  sharing: 'sharingNone',
  uuid: '6000C292-aaaa-bbbb-cccc-000000000001',
  changeId: '52 2d/4',
  ...more,
});

export const disk = (backing: object = {}, more: object = {}): Loose => ({
  $type: 'VirtualDisk',
  key: 2000,
  deviceInfo: { $type: 'Description', label: 'Hard disk 1', summary: '1 GB' },
  backing: flatBacking(backing),
  controllerKey: 1000,
  unitNumber: 0,
  capacityInKB: 1 << 20,
  capacityInBytes: 1 << 30,
  ...more,
});

export const scsi = (more: object = {}): Loose => ({
  $type: 'ParaVirtualSCSIController',
  key: 1000,
  busNumber: 0,
  sharedBus: 'noSharing',
  ...more,
});

export const nic = (more: object = {}): Loose => ({
  $type: 'VirtualVmxnet3',
  key: 4000,
  macAddress: '00:50:56:AB:CD:EF',
  addressType: 'manual',
  backing: {
    $type: 'VirtualEthernetCardNetworkBackingInfo',
    network: { type: 'Network', value: 'network-7' },
    deviceName: 'VM Network',
  },
  ...more,
});

/** A healthy machine with one disk, as the PropertyCollector shows it; a spec says what is different. */
export function sampleVm(different: Partial<VmProperties> = {}, devices?: readonly Loose[]): VmProperties {
  const device = (devices ?? [scsi(), disk(), nic()]) as unknown as readonly VirtualDevice[];
  return {
    name: 'web-01',
    parent: { type: 'Folder', value: 'group-v3' },
    'config.uuid': '4210',
    'config.instanceUuid': '5010',
    'config.firmware': 'efi',
    'config.version': 'vmx-19',
    'config.template': false,
    'config.changeTrackingEnabled': true,
    'config.hardware': { $type: 'VirtualHardware', numCPU: 2, memoryMB: 4096, device } as never,
    'config.extraConfig': [{ key: 'scsi0:0.ctkEnabled', value: 'TRUE' }],
    'capability.changeTrackingSupported': true,
    'guest.toolsRunningStatus': 'guestToolsRunning',
    'guest.toolsVersionStatus2': 'guestToolsCurrent',
    'runtime.powerState': 'poweredOn',
    'runtime.connectionState': 'connected',
    'runtime.consolidationNeeded': false,
    'runtime.faultToleranceState': 'notConfigured',
    ...different,
  };
}

/** Snapshots of a machine, each below the one before. */
export function chainOf(
  names: readonly { readonly name: string; readonly description?: string }[],
): NonNullable<VmProperties['snapshot']> {
  const tree = names.reduceRight<Loose[]>(
    (children, { name, description = '' }, i) => [
      {
        $type: 'VirtualMachineSnapshotTree',
        snapshot: { type: 'VirtualMachineSnapshot', value: `snapshot-${i}` },
        name,
        description,
        createTime: '2026-01-02T03:04:05Z',
        quiesced: false,
        childSnapshotList: children,
      },
    ],
    [],
  );
  return { $type: 'VirtualMachineSnapshotInfo', rootSnapshotList: tree } as never;
}

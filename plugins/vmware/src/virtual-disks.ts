import type { DiskDescription } from '@ossea/plugin-sdk';
import type { ManagedObjectReference, VirtualController, VirtualDevice, VirtualDisk } from './vim25/index.js';
import { devicesOf, type VmProperties } from './vm-properties.js';

/** The fields that backings of disks have in common, though no type of vim25 says so. */
export interface DiskBacking {
  readonly $type: string;
  /** `[datastore] directory/disk.vmdk`. */
  readonly fileName?: string;
  readonly datastore?: ManagedObjectReference;
  readonly diskMode?: string;
  readonly sharing?: string;
  readonly uuid?: string;
  readonly lunUuid?: string;
  readonly changeId?: string;
  readonly thinProvisioned?: boolean;
  readonly eagerlyScrub?: boolean;
  readonly compatibilityMode?: string;
  readonly keyId?: object;
  readonly parent?: DiskBacking;
}

export const isDisk = (device: VirtualDevice): device is VirtualDisk => device.$type === 'VirtualDisk';
export const backingOf = (disk: VirtualDisk): DiskBacking =>
  (disk.backing ?? { $type: 'none' }) as unknown as DiskBacking;
export const keyOf = (disk: VirtualDisk): string => String(disk.key);
export const labelOf = (disk: VirtualDisk): string => disk.deviceInfo?.label ?? `Disk ${disk.key}`;

/** Some servers leave `capacityInBytes` out. */
export function sizeBytesOf(disk: VirtualDisk): number {
  return disk.capacityInBytes ?? disk.capacityInKB * 1024;
}

/**
 * What the disk is stored as, the same beside a snapshot: its UUID, or else the name of its base file, because every
 * snapshot puts `-000001` and the like on it.
 */
export function identityOf(disk: VirtualDisk): string {
  const { uuid, lunUuid, fileName } = backingOf(disk);
  return uuid ?? lunUuid ?? disk.diskObjectId ?? (fileName ?? '').replace(/-\d{6}(?=\.vmdk$)/, '');
}

/** Disks by controller and unit: as the guest's firmware finds them. */
export function disksOf(vm: Pick<VmProperties, 'config.hardware'>): VirtualDisk[] {
  return devicesOf(vm)
    .filter(isDisk)
    .toSorted(
      (a, b) => (a.controllerKey ?? 0) - (b.controllerKey ?? 0) || (a.unitNumber ?? 0) - (b.unitNumber ?? 0),
    );
}

export function controllerOf(
  disk: VirtualDisk,
  vm: Pick<VmProperties, 'config.hardware'>,
): VirtualController | undefined {
  return devicesOf(vm).find(({ key }) => key === disk.controllerKey) as VirtualController | undefined;
}

/** Bus, word for people and type as in vim25; the first that a device's type begins with. */
const CONTROLLERS: readonly (readonly [type: string, bus: string, model: string])[] = [
  ['ParaVirtualSCSIController', 'SCSI', 'ParaVirtual'],
  ['VirtualLsiLogicSASController', 'SCSI', 'LsiLogicSAS'],
  ['VirtualLsiLogicController', 'SCSI', 'LsiLogic'],
  ['VirtualBusLogicController', 'SCSI', 'BusLogic'],
  ['VirtualNVMEController', 'NVMe', 'NVMe'],
  ['VirtualAHCIController', 'SATA', 'AHCI'],
  ['VirtualIDEController', 'IDE', 'IDE'],
  ['VirtualUSB', 'USB', 'USB'],
];

/** `SCSI 0:1 (ParaVirtual)`. */
function controllerName(disk: VirtualDisk, controller: VirtualController | undefined): string | undefined {
  if (!controller) return undefined;
  const { $type = 'unknown', busNumber } = controller;
  const [, bus, model] = CONTROLLERS.find(([type]) => $type.startsWith(type)) ?? [];
  return `${bus ?? 'bus'} ${busNumber}:${disk.unitNumber ?? '?'} (${model ?? $type})`;
}

/** `scsi0:1`, as extraConfig names a disk; its case is not reliable. */
export function extraConfigName(disk: VirtualDisk, vm: VmProperties): string | undefined {
  const controller = controllerOf(disk, vm);
  const [, bus] = CONTROLLERS.find(([type]) => controller?.$type?.startsWith(type)) ?? [];
  return controller && bus ? `${bus.toLowerCase()}${controller.busNumber}:${disk.unitNumber}` : undefined;
}

function provisioningOf({
  thinProvisioned,
  eagerlyScrub,
  $type,
}: DiskBacking): DiskDescription['provisioning'] {
  if (thinProvisioned === true || $type.includes('SeSparse')) return 'thin';
  if (!$type.includes('Flat')) return undefined;
  return eagerlyScrub === true ? 'thick-eager-zeroed' : 'thick-lazy-zeroed';
}

/** The key of the disk that the machine boots from: what its boot order names first, or its first disk. */
function bootKeyOf(vm: VmProperties): number | undefined {
  const order = (vm['config.bootOptions']?.bootOrder ?? []) as readonly {
    $type: string;
    deviceKey?: number;
  }[];
  const named = order.find(({ $type }) => $type === 'VirtualMachineBootOptionsBootableDiskDevice')?.deviceKey;
  return named ?? disksOf(vm)[0]?.key;
}

/** The disks of a machine as the contract describes them. @param storageName the name of a datastore. */
export function describeDisks(
  vm: VmProperties,
  storageName: (datastore: ManagedObjectReference) => string | undefined,
): DiskDescription[] {
  const boot = bootKeyOf(vm);
  return disksOf(vm).map((disk) => {
    const backing = backingOf(disk);
    const storage = backing.datastore && storageName(backing.datastore);
    const provisioning = provisioningOf(backing);
    const controller = controllerName(disk, controllerOf(disk, vm));
    return {
      key: keyOf(disk),
      backing: identityOf(disk),
      label: labelOf(disk),
      sizeBytes: sizeBytesOf(disk),
      boot: disk.key === boot,
      ...(storage === undefined ? {} : { storage }),
      ...(provisioning === undefined ? {} : { provisioning }),
      ...(controller === undefined ? {} : { controller }),
    };
  });
}

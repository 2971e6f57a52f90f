import type { StorageKind } from './block-node.js';
import {
  diskPath,
  type Accelerator,
  type MachineDefinition,
  type MachinePaths,
} from './machine-definition.js';
import { checkedSocketPath } from './socket-path.js';

export interface UefiImages {
  readonly code: string;
  readonly variables: string;
}

const MIB = 1 << 20;
/** QEMU's option parser ends a value at a comma. */
const escaped = (value: string): string => value.replaceAll(',', ',,');

/** The device id of a disk: the path of its block back end is `/machine/peripheral/<this>/virtio-backend`. */
export const diskDeviceId = (key: string): string => `dev-${key}`;

/** The name of the block node between a disk and its device. */
export const diskTopNode = (key: string): string => `${key}-top`;

/**
 * The block node between a disk and its device, as QMP and the command line describe it. It passes everything on;
 * while the machine runs, `blockdev-reopen` puts a filter below it, for all disks of the machine at one moment.
 * @param below the node that it passes everything on to; the disk itself unless told.
 */
export const diskTop = (key: string, below = key): Readonly<Record<string, string>> => ({
  driver: 'raw',
  'node-name': diskTopNode(key),
  discard: 'unmap',
  file: below,
});

/** The command line of a machine: nothing by default, disks as block nodes named after their keys, no host network. */
export function machineArguments(
  machine: MachineDefinition,
  paths: MachinePaths,
  options: {
    readonly accelerator: Accelerator;
    readonly diskKinds: ReadonlyMap<string, StorageKind>;
    readonly uefi?: UefiImages;
    /** Whether it is started without executing anything. */
    readonly paused?: boolean;
  },
): string[] {
  const monitor = (name: string, path: string): string[] => [
    '-chardev',
    `socket,id=${name},path=${escaped(checkedSocketPath(path))},server=on,wait=off`,
    '-mon',
    `chardev=${name},mode=control`,
  ];
  const firmware = options.uefi
    ? [
        '-drive',
        `if=pflash,unit=0,format=raw,readonly=on,file=${escaped(options.uefi.code)}`,
        '-drive',
        `if=pflash,unit=1,format=raw,file=${escaped(options.uefi.variables)}`,
      ]
    : [];
  return [
    ...['-name', escaped(machine.name), '-nodefaults', '-no-user-config'],
    ...['-machine', `${options.uefi ? 'q35' : 'pc'},accel=${options.accelerator}`],
    ...['-cpu', options.accelerator === 'kvm' ? 'host' : 'max'],
    ...['-smp', String(machine.cpus), '-m', `${Math.ceil(machine.memoryBytes / MIB)}M`],
    // a picture can be taken although nobody looks
    ...['-display', 'none', '-vga', 'std'],
    ...firmware,
    ...monitor('qmp', paths.qmp),
    ...monitor('operator', paths.operatorQmp),
    ...['-chardev', `file,id=serial,path=${escaped(paths.serialLog)},append=on`, '-serial', 'chardev:serial'],
    ...diskArguments(machine, paths, options.diskKinds),
    ...nicArguments(machine),
    ...(options.paused ? ['-S'] : []),
    ...['-pidfile', paths.pid, '-daemonize'],
  ];
}

function diskArguments(
  machine: MachineDefinition,
  paths: MachinePaths,
  kinds: ReadonlyMap<string, StorageKind>,
): string[] {
  // what boots comes first, the others follow in their order
  const order = [...machine.disks].sort((a, b) => Number(b.boot) - Number(a.boot));
  return machine.disks.flatMap((disk) => {
    const file = {
      driver: kinds.get(disk.key) === 'block' ? 'host_device' : 'file',
      filename: diskPath(paths.directory, disk),
      'node-name': `${disk.key}-file`,
      discard: 'unmap',
    };
    const format = { driver: disk.format, 'node-name': disk.key, discard: 'unmap', file: file['node-name'] };
    const device = {
      driver: 'virtio-blk-pci',
      id: diskDeviceId(disk.key),
      drive: diskTopNode(disk.key),
      bootindex: order.indexOf(disk) + 1,
      ...(disk.serial === undefined ? {} : { serial: disk.serial }),
    };
    return [
      ...['-blockdev', JSON.stringify(file), '-blockdev', JSON.stringify(format)],
      ...['-blockdev', JSON.stringify(diskTop(disk.key)), '-device', JSON.stringify(device)],
    ];
  });
}

function nicArguments(machine: MachineDefinition): string[] {
  if (machine.nics.length === 0) return ['-nic', 'none'];
  return machine.nics.flatMap(({ key, mac }) => [
    ...['-netdev', JSON.stringify({ type: 'user', id: `net-${key}`, restrict: true })],
    // no boot from the network, so no boot ROM of Debian's is needed
    ...[
      '-device',
      JSON.stringify({ driver: 'virtio-net-pci', id: `nic-${key}`, netdev: `net-${key}`, mac, romfile: '' }),
    ],
  ]);
}

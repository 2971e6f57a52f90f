import type { GuestImages } from './build-guest-images.js';

/** The guest as a machine of a QEMU host: the definition that the machine launcher of `@ossea/qemu` reads. */
export function guestMachine(machine: {
  /** Also the name of its directory. */
  readonly id: string;
  readonly name: string;
  readonly images: GuestImages;
  /** A locally administered MAC address of its own. */
  readonly mac: string;
  readonly network?: string;
}) {
  const { id, name, images, mac } = machine;
  return {
    id,
    name,
    cpus: 1,
    memoryBytes: 256 * 1024 * 1024,
    firmware: 'bios' as const,
    disks: [
      { key: 'vda', file: images.vda, format: 'qcow2' as const, boot: true },
      { key: 'vdb', file: images.vdb, format: 'qcow2' as const, boot: false },
    ],
    nics: [{ key: 'nic0', mac, network: machine.network ?? 'default' }],
  };
}

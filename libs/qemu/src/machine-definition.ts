import { isAbsolute, join } from 'node:path';
import { z } from 'zod';

/** Keys become QEMU node names together with a suffix, and those end at 31 characters. */
const key = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,15}$/)
  .meta({ description: 'Lower-case letters, digits and "-", at most 16 characters' });

export const machineIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
  .meta({ description: 'Lower-case letters, digits and "-", at most 64 characters' });

/** A machine of a QEMU host, as it stands in `<machinesDir>/<id>/machine.json`. */
export const machineDefinitionSchema = z.strictObject({
  id: machineIdSchema,
  name: z.string().min(1).max(255),
  cpus: z.int().min(1).max(255),
  memoryBytes: z.int().min(16 << 20),
  firmware: z.enum(['bios', 'uefi']),
  guestOs: z.string().optional(),
  disks: z
    .array(
      z.strictObject({
        /** Also the name of the disk's block node. */
        key,
        /** Absolute, or relative to the machine's own directory. */
        file: z.string().min(1),
        format: z.enum(['raw', 'qcow2']),
        boot: z.boolean(),
        /** What the guest sees in /sys/block/vdX/serial; virtio keeps 20 characters. */
        serial: z.string().max(20).optional(),
      }),
    )
    .refine((disks) => new Set(disks.map(({ key: name }) => name)).size === disks.length, {
      error: 'two disks have the same key',
    }),
  nics: z.array(
    z.strictObject({
      key,
      mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i),
      network: z.string().min(1),
    }),
  ),
  /** Omitted: KVM where a real probe of it succeeds, else TCG. */
  accelerator: z.enum(['kvm', 'tcg']).optional(),
});

export type MachineDefinition = z.infer<typeof machineDefinitionSchema>;
export type MachineDisk = MachineDefinition['disks'][number];
export type Accelerator = 'kvm' | 'tcg';

/** Where the parts of a machine lie. */
export interface MachinePaths {
  readonly directory: string;
  readonly definition: string;
  /** The monitor for the product itself: held for one piece of work at a time. */
  readonly qmp: string;
  /** A second monitor, for operators and tests. */
  readonly operatorQmp: string;
  readonly pid: string;
  readonly serialLog: string;
  readonly firmwareVariables: string;
}

export function machinePaths(machinesDir: string, id: string): MachinePaths {
  const directory = join(machinesDir, id);
  return {
    directory,
    definition: join(directory, 'machine.json'),
    qmp: join(directory, 'qmp.sock'),
    operatorQmp: join(directory, 'operator.sock'),
    pid: join(directory, 'pid'),
    serialLog: join(directory, 'serial.log'),
    firmwareVariables: join(directory, 'uefi-vars.fd'),
  };
}

/** The absolute path of a disk's file. */
export function diskPath(machineDirectory: string, disk: MachineDisk): string {
  return isAbsolute(disk.file) ? disk.file : join(machineDirectory, disk.file);
}

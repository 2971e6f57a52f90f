import { isAbsolute } from 'node:path';
import { z } from '@ossea/plugin-sdk';

const directory = (title: string, description: string, maxBytes = 4096) =>
  z
    .string()
    .min(1)
    .refine((path) => isAbsolute(path), 'an absolute path is expected')
    .refine((path) => Buffer.byteLength(path) <= maxBytes, `at most ${maxBytes} bytes are expected`)
    .meta({ title, description });

/** A machine's monitor socket lies at <machinesDir>/m-<16 digits>/operator.sock, and unix(7) ends at 107 bytes. */
const MAX_MACHINES_DIR_BYTES = 107 - '/m-0123456789abcdef/operator.sock'.length;

/** What a connection to a QEMU host needs. */
export const settingsSchema = z.strictObject({
  poolDir: directory('Pool directory', 'Where volumes, their snapshots and isolated networks are kept.'),
  machinesDir: directory(
    'Machines directory',
    'Where machines are defined; a short path, because their control sockets lie in it.',
    MAX_MACHINES_DIR_BYTES,
  ),
});
export type QemuTargetSettings = z.infer<typeof settingsSchema>;

/** What the operator chooses per machine. */
export const placementSchema = z.strictObject({
  format: z
    .enum(['raw', 'qcow2'])
    .default('raw')
    .meta({ title: 'Volume format', description: 'raw is faster; both take only the space they need.' }),
  network: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ title: 'Network', description: 'The network of cards that are not mapped otherwise.' }),
  accelerator: z
    .enum(['auto', 'tcg'])
    .default('auto')
    .meta({ title: 'Acceleration', description: 'auto uses KVM where it really works.' }),
});
export type QemuPlacement = z.infer<typeof placementSchema>;

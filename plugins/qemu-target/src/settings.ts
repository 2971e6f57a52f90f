import { isAbsolute } from 'node:path';
import { z } from '@ossea/plugin-sdk';

const directory = (title: string, description: string) =>
  z
    .string()
    .min(1)
    .refine((path) => isAbsolute(path), 'an absolute path is expected')
    .meta({ title, description });

/** What a connection to a QEMU host needs. */
export const settingsSchema = z.strictObject({
  poolDir: directory('Pool directory', 'Where volumes, their snapshots and isolated networks are kept.'),
  machinesDir: directory(
    'Machines directory',
    'Where machines are defined; a short path, because their control sockets lie in it.',
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

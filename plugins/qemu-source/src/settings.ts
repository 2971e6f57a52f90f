import { isAbsolute } from 'node:path';
import { z } from '@ossea/plugin-sdk';

/** The snapshot's NBD socket lies at <machinesDir>/<id>/ossea.sock, and unix(7) ends at 107 bytes. */
const MAX_MACHINES_DIR_BYTES = 90;

/** What a connection to a QEMU host needs. */
export const settingsSchema = z.strictObject({
  machinesDir: z
    .string()
    .min(1)
    .refine((path) => isAbsolute(path), 'an absolute path is expected')
    .refine(
      (path) => Buffer.byteLength(path) <= MAX_MACHINES_DIR_BYTES,
      `at most ${MAX_MACHINES_DIR_BYTES} bytes are expected`,
    )
    .meta({
      title: 'Machines directory',
      description: 'The directory of the host: one folder a machine, with machine.json in it. A short path.',
    }),
});
export type QemuSourceSettings = z.infer<typeof settingsSchema>;

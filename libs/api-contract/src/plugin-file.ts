import { z } from 'zod';
import { Timestamp } from './values.js';

/** Software that a plugin on a VMA works with and that cannot come with it. */
export const PluginFile = z
  .object({
    plugin: z.string(),
    file: z.string(),
    title: z.string(),
    description: z.string(),
    /** Of the archive that is unpacked there; absent while none is. */
    sha256: z.string().optional(),
    installedAt: Timestamp.optional(),
  })
  .meta({ id: 'PluginFile' });
export type PluginFile = z.infer<typeof PluginFile>;

export const PluginFileList = z.object({ items: z.array(PluginFile) }).meta({ id: 'PluginFileList' });
export type PluginFileList = z.infer<typeof PluginFileList>;

/** Bytes of a `.tar.gz`, at most 512 KiB, in order; the first piece, at 0, begins anew. */
export const SendPiece = z
  .strictObject({ offset: z.int().nonnegative(), base64: z.base64().max(699_052) })
  .meta({ id: 'SendPiece' });
export type SendPiece = z.infer<typeof SendPiece>;

export const ReceivedPiece = z.object({ receivedBytes: z.int().nonnegative() }).meta({ id: 'ReceivedPiece' });
export type ReceivedPiece = z.infer<typeof ReceivedPiece>;

/** SHA-256 of the whole archive, in hexadecimal: it is unpacked only if just that has arrived. */
export const InstallPluginFile = z
  .strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })
  .meta({ id: 'InstallPluginFile' });
export type InstallPluginFile = z.infer<typeof InstallPluginFile>;

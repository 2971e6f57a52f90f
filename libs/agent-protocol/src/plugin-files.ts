import { z } from '@ossea/plugin-sdk';

/** Of a piece: a message has 1 MiB at most, and base64 makes a third more of it. */
export const MAX_PIECE_BYTES = 512 << 10;

export const PluginFileState = z.object({
  plugin: z.string(),
  file: z.string(),
  title: z.string(),
  description: z.string(),
  /** Of the archive that is unpacked; absent while none is. */
  sha256: z.string().optional(),
  installedAt: z.string().optional(),
});
export type PluginFileState = z.infer<typeof PluginFileState>;

export const PluginFileStates = z.object({ items: z.array(PluginFileState) });
export type PluginFileStates = z.infer<typeof PluginFileStates>;

/** A piece of an archive. The first one, at 0, begins anew; each other one follows the one before. */
export const PluginFilePiece = z.strictObject({
  offset: z.int().nonnegative(),
  base64: z.base64().max(Math.ceil(MAX_PIECE_BYTES / 3) * 4),
});
export type PluginFilePiece = z.infer<typeof PluginFilePiece>;

export const ReceivedPiece = z.object({ receivedBytes: z.int().nonnegative() });
export type ReceivedPiece = z.infer<typeof ReceivedPiece>;

/** The digest of the whole archive, in hexadecimal: what arrived is unpacked only if it is that. */
export const InstallPluginFile = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
export type InstallPluginFile = z.infer<typeof InstallPluginFile>;

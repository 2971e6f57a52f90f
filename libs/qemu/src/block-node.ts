import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { MigrationError } from '@ossea/errors';

export type ImageFormat = 'raw' | 'qcow2';

/** A block device or a regular file, for QEMU's lowest layer. */
export type StorageKind = 'file' | 'block';

/** Which of the two a path is; throws `resource.not-found`. */
export async function storageKindOf(path: string): Promise<StorageKind> {
  try {
    return (await stat(path)).isBlockDevice() ? 'block' : 'file';
  } catch (cause) {
    throw new MigrationError('resource.not-found', 'The image is not there.', { cause, context: { path } });
  }
}

/** QEMU reads `a:b` as a protocol; an absolute path is never one. */
export function checkedImagePath(path: string): string {
  if (isAbsolute(path)) return path;
  throw new MigrationError('config.invalid', 'The path of an image must be absolute.', { context: { path } });
}

/**
 * An image as one argument for QEMU's tools, with driver and format explicit: nothing is probed, and a backing
 * file that the image's header names is not opened.
 */
export function imageArgument(path: string, format: ImageFormat, kind: StorageKind = 'file'): string {
  const file = { driver: kind === 'block' ? 'host_device' : 'file', filename: checkedImagePath(path) };
  return `json:${JSON.stringify({ driver: format, file, ...(format === 'qcow2' ? { backing: null } : {}) })}`;
}

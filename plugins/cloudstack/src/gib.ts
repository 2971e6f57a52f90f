import { MigrationError } from '@ossea/errors';

export const GIB = 1024 ** 3;
const SECTOR_BYTES = 512;

/**
 * The size of a volume that holds a disk, in whole GiB: createVolume takes no other (its `size` is in GiB, at least 1),
 * and answers in bytes. The disk's true size stays with the caller.
 * Throws `disk.size-invalid`.
 */
export function wholeGib(sizeBytes: number): number {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % SECTOR_BYTES !== 0)
    throw new MigrationError('disk.size-invalid', `A volume of ${sizeBytes} bytes cannot be made.`);
  return Math.ceil(sizeBytes / GIB);
}

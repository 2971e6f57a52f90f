import { CLUSTER_BYTES, type ByteRange, type CopyLimits } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';

const SECTOR_BYTES = 512;

/** Throws `disk.size-invalid` for a size no disk can have, `request.invalid` for limits that make no sense. */
export function checkRequest(request: { readonly sizeBytes: number; readonly limits: CopyLimits }): void {
  const { sizeBytes, limits } = request;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % SECTOR_BYTES !== 0) {
    throw new MigrationError(
      'disk.size-invalid',
      `${sizeBytes} bytes is no size above zero in whole sectors of ${SECTOR_BYTES} bytes.`,
      { context: { sizeBytes } },
    );
  }
  for (const [name, value] of Object.entries(limits) as [string, number][]) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new MigrationError('request.invalid', `The limit ${name} must be a whole number above zero.`);
    }
  }
  if (limits.requestBytes % CLUSTER_BYTES !== 0) {
    throw new MigrationError('request.invalid', `requestBytes must be a multiple of ${CLUSTER_BYTES}.`);
  }
}

/**
 * Pairs of offset and length, as the addon takes them: a million objects would hold up the event loop there.
 * Throws `request.invalid` for negative, fractional or unsafe numbers.
 */
export function packRanges(ranges: readonly ByteRange[]): Float64Array {
  const packed = new Float64Array(ranges.length * 2);
  for (const [i, { offset, length }] of ranges.entries()) {
    const valid =
      Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) &&
      offset >= 0 &&
      length >= 0 &&
      Number.isSafeInteger(offset + length);
    if (!valid) {
      throw new MigrationError(
        'request.invalid',
        `The range at ${offset} of ${length} bytes is impossible.`,
        { context: { offset, length } },
      );
    }
    packed[2 * i] = offset;
    packed[2 * i + 1] = length;
  }
  return packed;
}

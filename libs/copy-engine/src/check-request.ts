import { MigrationError } from '@ossea/errors';
import type { NbdClient } from './nbd-client.js';
import { CLUSTER_BYTES, type CopyLimits } from './port.js';

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

/** The source must have just the size that was asked for, because its size is part of its identity. */
export function checkSource(client: NbdClient, sizeBytes: number): void {
  if (client.sizeBytes !== sizeBytes) throw mismatch('source', client.sizeBytes, sizeBytes);
}

/** The target must be writable, able to flush and large enough. */
export function checkTarget(client: NbdClient, sizeBytes: number): void {
  const context = { end: 'target' };
  if (client.readOnly) {
    throw new MigrationError('nbd.read-only', 'The target export is read-only.', { context });
  }
  if (!client.canFlush) {
    throw new MigrationError('nbd.no-flush', 'The target NBD server does not offer FLUSH.', { context });
  }
  if (client.sizeBytes < sizeBytes) throw mismatch('target', client.sizeBytes, sizeBytes);
}

/** What is read for digests must hold all the clusters; a volume may be larger than the disk in it. */
export function checkHolds(client: NbdClient, sizeBytes: number): void {
  if (client.sizeBytes < sizeBytes) throw mismatch('source', client.sizeBytes, sizeBytes);
}

function mismatch(end: 'source' | 'target', actualBytes: number, sizeBytes: number): MigrationError {
  return new MigrationError(
    'disk.size-mismatch',
    `The ${end} export has ${actualBytes} bytes, the disk has ${sizeBytes} bytes.`,
    { context: { end, actualBytes, sizeBytes } },
  );
}

import { MigrationError, asMigrationError, isMigrationError, type ErrorCode } from '@ossea/errors';

const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'resource.not-found',
  ENOSPC: 'storage.full',
  EDQUOT: 'storage.full',
  EACCES: 'config.invalid',
  EPERM: 'config.invalid',
  EROFS: 'config.invalid',
  ENOTDIR: 'config.invalid',
};

/** The one place where anything that goes wrong below this plugin becomes a `MigrationError`. */
export function faultToError(fault: unknown): MigrationError {
  if (isMigrationError(fault)) return fault;
  const code = fault instanceof Error && 'code' in fault ? BY_ERRNO[String(fault.code)] : undefined;
  if (code === undefined) return asMigrationError(fault, 'storage.io-failed');
  return new MigrationError(code, fault instanceof Error ? fault.message : String(fault), { cause: fault });
}

/** What QEMU says when a snapshot cannot be taken, and what that means for whoever wants one. */
const MEANS_NO_SNAPSHOT: Partial<Record<ErrorCode, string>> = {
  'process.failed': 'The snapshot cannot be taken',
  'volume.in-use': 'A disk of the machine is in use by another program, or the machine is being started',
};

/** A fault while a snapshot was taken: QEMU's refusals are `snapshot.failed`, with its words. */
export function asSnapshotFault(fault: unknown): MigrationError {
  const error = faultToError(fault);
  const meaning = MEANS_NO_SNAPSHOT[error.code];
  if (meaning === undefined) return error;
  return new MigrationError('snapshot.failed', `${meaning}: ${error.message}`, {
    cause: error,
    context: error.context,
  });
}

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

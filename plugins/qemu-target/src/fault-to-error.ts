import { MigrationError, asMigrationError, isMigrationError, type ErrorCode } from '@ossea/errors';

const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'storage.full',
  EDQUOT: 'storage.full',
  EFBIG: 'disk.too-large',
  EACCES: 'config.invalid',
  EPERM: 'config.invalid',
  EROFS: 'config.invalid',
  ENOTDIR: 'config.invalid',
};

/** What programs say in words when they mean an errno or a lock. */
const BY_TEXT: readonly (readonly [RegExp, ErrorCode])[] = [
  [/No space left on device|Disk quota exceeded/, 'storage.full'],
  [/File too large|Image size is too large|too large for file/i, 'disk.too-large'],
  [
    /Failed to get (shared )?"(write|consistent read)" lock|Is another process using the image/,
    'volume.in-use',
  ],
];

function textOf(value: unknown): string {
  if (!(value instanceof Error)) return String(value);
  return value.cause === undefined ? value.message : `${value.message}\n${textOf(value.cause)}`;
}

/** Errors of programs are read again: behind "the process failed" stands what an operator can act on. */
const REREAD: ReadonlySet<ErrorCode> = new Set(['process.failed', 'machine.start-failed']);

/** The one place where anything that goes wrong below this plugin becomes a `MigrationError`. */
export function faultToError(fault: unknown): MigrationError {
  if (isMigrationError(fault) && !REREAD.has(fault.code)) return fault;
  const errno = fault instanceof Error && 'code' in fault ? BY_ERRNO[String(fault.code)] : undefined;
  const code = errno ?? BY_TEXT.find(([pattern]) => pattern.test(textOf(fault)))?.[1];
  if (code) {
    const message = fault instanceof Error ? fault.message : String(fault);
    return new MigrationError(code, message, { cause: fault });
  }
  return asMigrationError(fault, 'storage.io-failed');
}

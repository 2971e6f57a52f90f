import { MigrationError, isMigrationError, type ErrorCode } from '@ossea/errors';

/** What QEMU and its tools say in words when they mean a condition that somebody can act on. */
const BY_TEXT: readonly (readonly [RegExp, ErrorCode])[] = [
  [/No space left on device|Disk quota exceeded/, 'storage.full'],
  [/File too large|Image size is too large|Image is too big|too large for file/i, 'disk.too-large'],
  [/Failed to get (shared )?"[a-z ]+" lock|Is another process using the image/, 'volume.in-use'],
  [/multiple of 512/, 'disk.size-invalid'],
];

const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'storage.full',
  EDQUOT: 'storage.full',
  EFBIG: 'disk.too-large',
  ENOENT: 'resource.not-found',
  EEXIST: 'resource.conflict',
};

function textOf(value: unknown): string {
  if (!(value instanceof Error)) return String(value);
  return value.cause === undefined ? value.message : `${value.message}\n${textOf(value.cause)}`;
}

/** The code that QEMU's words stand for, where they stand for one. */
export function codeOfText(text: string): ErrorCode | undefined {
  return BY_TEXT.find(([pattern]) => pattern.test(text))?.[1];
}

/** A failure of one of QEMU's tools or of the file system, as what an operator can act on. */
export function imageFault(fault: unknown, what: string): MigrationError {
  if (isMigrationError(fault) && fault.code !== 'process.failed') return fault;
  const errno = fault instanceof Error && 'code' in fault ? BY_ERRNO[String(fault.code)] : undefined;
  const code =
    errno ?? codeOfText(textOf(fault)) ?? (isMigrationError(fault) ? fault.code : 'storage.io-failed');
  const reason = fault instanceof Error ? fault.message : String(fault);
  return new MigrationError(code, `${what}: ${reason}`, { cause: fault });
}

import { ERRORS, MigrationError, asMigrationError, type ErrorCode, type ErrorContext } from '@ossea/errors';

/** What the addon rejects with: an `Error` that also has these. */
export interface NativeFault {
  readonly code: string;
  readonly message: string;
  /** Of the system or of the NBD server. */
  readonly errno?: number;
  /** Byte of the disk at which the failed request began. */
  readonly offset?: number;
  readonly end?: 'source' | 'target';
}

/** The one place where errors of the addon become ours. */
export function faultToError(fault: unknown): MigrationError {
  if (!(fault instanceof Error)) return asMigrationError(fault);
  const { code, message, errno, offset, end } = fault as Partial<NativeFault> & Error;
  if (code === undefined || !isErrorCode(code)) return asMigrationError(fault);
  const context: ErrorContext = {
    ...(end === undefined ? {} : { end }),
    ...(errno === undefined ? {} : { errno }),
    ...(offset === undefined ? {} : { offset }),
  };
  return new MigrationError(code, message, { context });
}

function isErrorCode(code: string): code is ErrorCode {
  return code in ERRORS;
}

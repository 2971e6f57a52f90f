const CODES = new Set(['ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY']);
const DEADLOCKS = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);

const FOREIGN_KEYS = new Set([
  'ER_ROW_IS_REFERENCED_2',
  'ER_NO_REFERENCED_ROW_2',
  'SQLITE_CONSTRAINT_FOREIGNKEY',
]);

function driverCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('driverError' in error)) return undefined;
  const inner: unknown = error.driverError;
  return inner instanceof Error && 'code' in inner ? String(inner.code) : undefined;
}

/** Whether a write was refused because its key exists already, on either engine. */
export function isUniqueViolation(error: unknown): boolean {
  return CODES.has(driverCode(error) ?? '');
}

/** Whether a write was refused because a row refers to another one that is not there, or must stay. */
export function isForeignKeyViolation(error: unknown): boolean {
  return FOREIGN_KEYS.has(driverCode(error) ?? '');
}

/** Whether the engine gave up a transaction in favour of another one, so that it may simply be run again. */
export function isDeadlock(error: unknown): boolean {
  return DEADLOCKS.has(driverCode(error) ?? '');
}

const LOST = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
]);

/** Whether a query failed because the database is not there now. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = driverCode(error) ?? ('fatal' in error && 'code' in error ? String(error.code) : '');
  return LOST.has(code);
}

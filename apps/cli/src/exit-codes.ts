import type { ErrorCode } from '@ossea/errors';

/** What the shell is told; scripts may rely on it. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  permission: 5,
  blocked: 6,
  operationFailed: 7,
  stillRunning: 8,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with a sentence for people and a code for scripts. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const CONFLICTS = new Set([409, 412, 422, 428]);

/** The exit code of a request that was refused. */
export function exitCodeOf({
  code,
  status,
}: {
  readonly code: ErrorCode;
  readonly status: number;
}): ExitCode {
  if (code === 'failover.blocked') return EXIT.blocked;
  if (status === 401 || status === 403) return EXIT.permission;
  if (status === 404) return EXIT.notFound;
  if (status === 400) return EXIT.usage;
  return CONFLICTS.has(status) ? EXIT.conflict : EXIT.error;
}

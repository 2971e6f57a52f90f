import { HttpErrorResponse } from '@angular/common/http';
import { Problem } from '@ossea/api-contract';
import { MigrationError, toProblem, type ErrorCode } from '@ossea/errors';

/** A call that failed, with the cause and the remedy that people are shown. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly problem: Problem,
    /** Whether the appliance answered; where it did not, nobody knows whether the request took effect. */
    readonly answered: boolean,
  ) {
    super(problem.cause);
  }
}

/** The problem of anything that was thrown. */
export function problemOf(error: unknown): Problem {
  return error instanceof ApiError ? error.problem : toApiError(error).problem;
}

/** What the HTTP client throws, as one kind of error. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof HttpErrorResponse)) return ours('internal.unexpected', String(error), true);
  if (error.status === 0) return ours('peer.unreachable', 'The appliance did not answer.', false);
  const parsed = Problem.safeParse(error.error);
  if (parsed.success) return new ApiError(parsed.data, true);
  return ours('peer.protocol', `The appliance answered ${error.status} without an explanation.`, true);
}

export function ours(code: ErrorCode, cause: string, answered: boolean): ApiError {
  return new ApiError(toProblem(new MigrationError(code, cause)), answered);
}

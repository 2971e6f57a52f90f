import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { isMigrationError, MigrationError, toProblem, type ErrorCode } from '@ossea/errors';
import type { Problem } from '@ossea/api-contract';
import type { Request, Response } from 'express';
import { isConnectionLost } from '../database/driver-errors.js';
import { requestContext } from './request-context.js';
import { InvalidFields } from './request-validation.js';

/** Names the number in an error's context that becomes `Retry-After`. */
export const RETRY_AFTER = 'retryAfterSeconds';

/** Every failure of a request becomes an RFC 9457 problem document; nothing unexpected is told to the outside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const problem = this.problemOf(thrown, request);
    if (problem.status >= 500) this.report(thrown, problem, request);
    if (response.headersSent) {
      // Half an answer must not look like a whole one.
      response.destroy();
      return;
    }
    sendProblem(response, problem);
  }

  private problemOf(thrown: unknown, request: Request): Problem {
    const { correlationId } = requestContext(request);
    const known = knownError(thrown);
    const problem = { ...toProblem(known.error, correlationId), instance: pathOf(request) };
    if (known.error.code === 'internal.unexpected') {
      delete (problem as { context?: unknown }).context;
      return {
        ...problem,
        cause: 'Something unexpected happened; the log tells more under this correlation id.',
      };
    }
    return {
      ...problem,
      ...(known.status === undefined ? {} : { status: known.status }),
      ...(known.error instanceof InvalidFields ? { errors: [...known.error.errors] } : {}),
    };
  }

  private report(thrown: unknown, problem: Problem, request: Request): void {
    const { code, correlationId } = problem;
    const told = { correlationId, code, method: request.method, path: pathOf(request), err: thrown };
    if (code === 'internal.unexpected') this.logger.error(told, 'A request failed unexpectedly.');
    else this.logger.warn(told, 'A request failed.');
  }
}

/** Writes a problem document as an answer; also for middleware, which no filter follows. */
export function sendProblem(response: Response, problem: Problem): void {
  const seconds = problem.context?.[RETRY_AFTER];
  if (typeof seconds === 'number') response.setHeader('Retry-After', String(Math.ceil(seconds)));
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="ossea"');
  // 499 is a word of ours for what nobody hears any more; to the outside it is a conflict
  const status = problem.status === 499 ? 409 : problem.status;
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, status }));
}

/** The path alone: a query may hold anything. */
export function pathOf(request: Pick<Request, 'originalUrl'>): string {
  return (request.originalUrl.split('?')[0] ?? '').slice(0, 500);
}

interface Known {
  readonly error: MigrationError;
  /** Where HTTP has a finer word than the table of errors. */
  readonly status?: number;
}

function knownError(thrown: unknown): Known {
  if (isMigrationError(thrown)) return { error: thrown };
  if (isConnectionLost(thrown))
    return { error: new MigrationError('database.unavailable', 'The database does not answer.') };
  const status = statusOf(thrown);
  if (status === undefined || status >= 500)
    return { error: new MigrationError('internal.unexpected', 'unexpected', { cause: thrown }) };
  const [code, message] = WORDS[status] ?? ['request.invalid', 'The request cannot be read.'];
  return { error: new MigrationError(code, message), status };
}

const WORDS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  401: ['access.unauthenticated', 'This needs a valid API token.'],
  403: ['access.forbidden', 'This is not allowed.'],
  404: ['request.not-found', 'There is nothing at this address.'],
  409: ['request.conflict', 'This does not fit the present state.'],
  413: ['request.invalid', 'The request is too large.'],
  415: ['request.invalid', 'The request is not JSON.'],
};

/** What Nest, and the parsers in front of it, throw. */
function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) {
    // express, for a path that is not valid percent-encoding
    return thrown instanceof URIError ? 400 : undefined;
  }
  return typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined;
}

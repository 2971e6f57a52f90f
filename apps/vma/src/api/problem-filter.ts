import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { asMigrationError, MigrationError } from '@ossea/errors';
import type { Request, Response } from 'express';
import { correlationOf } from './correlation.js';
import { sendProblem } from './send-problem.js';

/** Every failure becomes a problem document; the OMA turns it into the error it was. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('api');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (thrown instanceof HttpException) {
      const status = thrown.getStatus();
      return sendProblem(wordsFor(status), request, response, status);
    }
    const error = asMigrationError(thrown);
    if (error.code === 'internal.unexpected')
      this.logger.error(
        { correlationId: correlationOf(request), err: thrown },
        'A request failed unexpectedly.',
      );
    sendProblem(error, request, response);
  }
}

/** What the framework and its parsers say; their own messages may quote what was sent. */
function wordsFor(status: number): MigrationError {
  if (status === 404) return new MigrationError('request.not-found', 'There is nothing at this address.');
  const what =
    { 413: 'The message is too large.', 415: 'The message is not JSON.' }[status] ??
    'The message cannot be read.';
  return new MigrationError('request.invalid', what);
}

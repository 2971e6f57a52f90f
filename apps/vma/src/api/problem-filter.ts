import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { CORRELATION_HEADER } from '@ossea/agent-protocol';
import { asMigrationError, MigrationError, toProblem } from '@ossea/errors';
import type { Request, Response } from 'express';

/** Every failure becomes a problem document; the OMA turns it into the error it was. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('api');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const correlationId = http.getRequest<Request>().header(CORRELATION_HEADER)?.slice(0, 64);
    const error = known(thrown);
    if (error.code === 'internal.unexpected')
      this.logger.error(thrown instanceof Error ? thrown.stack : String(thrown));
    if (response.headersSent) {
      // half an answer must not look like a whole one
      response.destroy();
      return;
    }
    const problem = toProblem(error, correlationId);
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

function known(thrown: unknown): MigrationError {
  if (!(thrown instanceof HttpException)) return asMigrationError(thrown);
  const isMissing = thrown.getStatus() === 404;
  return isMissing
    ? new MigrationError('request.not-found', 'There is nothing at this address.')
    : new MigrationError('request.invalid', thrown.message.slice(0, 200));
}

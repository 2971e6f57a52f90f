import { MigrationError, toProblem } from '@ossea/errors';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { sendProblem } from './problem-filter.js';
import { requestContext } from './request-context.js';

const RETRY_SECONDS = 5;

/** Takes no request once the appliance stops: the connections that stand would go on sending. */
export class StopGate {
  private closed = false;

  close(): void {
    this.closed = true;
  }

  readonly middleware: RequestHandler = (request: Request, response: Response, next: NextFunction) => {
    if (!this.closed) {
      next();
      return;
    }
    const stopping = new MigrationError('process.not-ready', 'The appliance is stopping.', {
      context: { retryAfterSeconds: RETRY_SECONDS },
    });
    response.setHeader('Connection', 'close');
    sendProblem(response, {
      ...toProblem(stopping, requestContext(request).correlationId),
      status: 503,
    });
  };
}

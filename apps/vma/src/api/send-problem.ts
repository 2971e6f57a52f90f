import { toProblem } from '@ossea/errors';
import type { Request, Response } from 'express';
import { correlationOf } from './correlation.js';

/**
 * Answers with the problem document of an error; ends the connection where half an answer is out already, because that
 * must not look like a whole one.
 * @param status where HTTP has a finer word than the table of errors.
 */
export function sendProblem(error: unknown, request: Request, response: Response, status?: number): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = toProblem(error, correlationOf(request));
  response
    .status(status ?? problem.status)
    .type('application/problem+json')
    .send(JSON.stringify(status === undefined ? problem : { ...problem, status }));
}

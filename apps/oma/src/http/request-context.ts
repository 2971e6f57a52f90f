import { CorrelationId } from '@ossea/api-contract';
import type { NextFunction, Request, Response } from 'express';
import { newId } from '../database/new-id.js';

/** What is known about a request beside what it says. */
export interface RequestContext {
  readonly correlationId: string;
  /** The name of the token that the request carried; absent on open routes. */
  callerName?: string;
}

const contexts = new WeakMap<object, RequestContext>();

/** The context of a request; made at its first use, from the caller's own correlation id where there is a valid one. */
export function requestContext(request: Pick<Request, 'headers'>): RequestContext {
  const known = contexts.get(request);
  if (known) return known;
  const { headers } = request;
  const sent = CorrelationId.safeParse(headers['x-correlation-id'] ?? headers['x-request-id']);
  const context: RequestContext = { correlationId: sent.success ? sent.data : newId('req') };
  contexts.set(request, context);
  return context;
}

/** Middleware: every answer, also a problem, names its correlation id. */
export function correlate(request: Request, response: Response, next: NextFunction): void {
  response.setHeader('X-Correlation-Id', requestContext(request).correlationId);
  next();
}

import type { OpenAPIObject } from '@nestjs/swagger';
import { MigrationError, toProblem } from '@ossea/errors';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { pathOf, sendProblem } from './problem-filter.js';
import { requestContext } from './request-context.js';

/**
 * Answers 405 with `Allow` where the address is right and the method is not (RFC 9110, section 15.5.6), so that a
 * caller with a typing error in the method is not sent looking for the address.
 */
export function knownMethods({ paths }: OpenAPIObject): RequestHandler {
  const routes = Object.entries(paths).map(([path, operations]) => ({
    pattern: new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}/?$`),
    methods: Object.keys(operations).map((method) => method.toUpperCase()),
  }));
  return (request: Request, response: Response, next: NextFunction) => {
    const path = pathOf(request);
    const methods = new Set(routes.flatMap((route) => (route.pattern.test(path) ? route.methods : [])));
    if (methods.has('GET')) methods.add('HEAD');
    if (methods.size === 0 || methods.has(request.method)) return next();
    response.setHeader('Allow', [...methods].sort().join(', '));
    const { correlationId } = requestContext(request);
    const error = new MigrationError(
      'request.method',
      `${request.method.slice(0, 20)} is not for this address.`,
    );
    sendProblem(response, { ...toProblem(error, correlationId), instance: path });
  };
}

import { MigrationError, toProblem } from '@ossea/errors';
import type { NextFunction, Request, Response } from 'express';
import { pathOf, sendProblem } from './problem-filter.js';
import { requestContext } from './request-context.js';

/** What we take is a few levels deep; plugins' settings may add some. */
const MAX_DEPTH = 32;

/** Middleware after the parser: a body that is deeper than anything we take is refused before anybody walks through it. */
export function shallowJson(request: Request, response: Response, next: NextFunction): void {
  if (!isDeeperThan(request.body, MAX_DEPTH)) return next();
  const error = new MigrationError(
    'request.invalid',
    `The body is nested more than ${MAX_DEPTH} levels deep.`,
  );
  const { correlationId } = requestContext(request);
  sendProblem(response, { ...toProblem(error, correlationId), instance: pathOf(request) });
}

/** Without recursion: the depth is the attacker's to choose. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let layer: object[] = isContainer(value) ? [value] : [];
  for (let depth = 0; layer.length > 0; depth += 1) {
    if (depth >= levels) return true;
    layer = layer.flatMap((one) => Object.values(one).filter(isContainer));
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

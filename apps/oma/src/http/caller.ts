import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { requestContext } from './request-context.js';

/** Who makes a request. */
export interface CurrentCaller {
  /** The name of the user or of the API token; `anonymous` on open routes. */
  readonly name: string;
  readonly correlationId: string;
}

/** Parameter of a controller's method: `@Caller() caller: CurrentCaller`. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): CurrentCaller => {
  const { correlationId, actor } = requestContext(context.switchToHttp().getRequest<Request>());
  return { name: actor.name, correlationId };
});
export type Caller = CurrentCaller;

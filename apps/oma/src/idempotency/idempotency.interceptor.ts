import { createHash } from 'node:crypto';
import {
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { catchError, concatMap, from, of, throwError, type Observable } from 'rxjs';
import { requestContext } from '../http/request-context.js';
import { InvalidRequest } from '../http/request-validation.js';
import { IdempotencyKeys, type KeyedRequest } from './idempotency-keys.js';
import { NOT_REPLAYED } from './not-replayed.js';

const KEY = /^[\x21-\x7e]{1,128}$/;
const METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

type Received = Request & { readonly rawBody?: Buffer };

/**
 * Honours `Idempotency-Key`: a request that is repeated because its answer was lost has no second effect. Only what
 * went well is kept; a request that was refused changed nothing, and may be tried again with its key.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger('idempotency');

  constructor(
    private readonly reflector: Reflector,
    private readonly keys: IdempotencyKeys,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<Received>();
    const response = context.switchToHttp().getResponse<Response>();
    const key = request.headers['idempotency-key'];
    // open routes give out secrets, and have nobody whose keys they could tell apart
    const { actor } = requestContext(request);
    const isReplayed = this.reflector.get<boolean | undefined>(NOT_REPLAYED, context.getHandler()) !== true;
    if (key === undefined || !METHODS.has(request.method) || actor.kind === 'anonymous' || !isReplayed)
      return next.handle();
    if (typeof key !== 'string' || !KEY.test(key))
      throw new InvalidRequest([
        { pointer: '/headers/Idempotency-Key', message: '1 to 128 visible ASCII characters are expected.' },
      ]);
    const keyed = keyedRequest(request, actor.name, key);
    const stored = await this.keys.claim(keyed);
    if (stored) {
      response.setHeader('Idempotent-Replayed', 'true');
      if (stored.location !== undefined) response.setHeader('Location', stored.location);
      response.status(stored.status);
      return of(stored.body);
    }
    return next.handle().pipe(
      concatMap((body: unknown) => from(this.kept(keyed, response, body))),
      catchError((error: unknown) =>
        from(this.released(keyed)).pipe(concatMap(() => throwError(() => error))),
      ),
    );
  }

  /** Gives back what is sent: also for the first answer, so that a repeat is byte for byte the same. */
  private async kept(keyed: KeyedRequest, response: Response, body: unknown): Promise<unknown> {
    const sent: unknown = body === undefined ? undefined : JSON.parse(JSON.stringify(body));
    const location = response.getHeader('Location');
    try {
      await this.keys.keep(keyed, {
        status: response.statusCode,
        ...(typeof location === 'string' ? { location } : {}),
        body: sent ?? null,
      });
    } catch (error) {
      // the effect has happened: telling of it matters more than being able to tell it twice
      this.logger.error(`An answer could not be kept: ${String(error)}`);
    }
    return sent;
  }

  private async released(keyed: KeyedRequest): Promise<void> {
    try {
      await this.keys.release(keyed);
    } catch (error) {
      this.logger.warn(`A key is given back when it has grown old: ${String(error)}`);
    }
  }
}

function keyedRequest({ method, originalUrl, rawBody }: Received, caller: string, key: string): KeyedRequest {
  const [path = '', query = ''] = originalUrl.split(/\?(.*)/s);
  const hash = (...parts: readonly (string | Buffer)[]) => {
    const digest = createHash('sha256');
    // lengths first, so that no two lists of parts look alike
    for (const part of parts) digest.update(`${part.length}:`).update(part);
    return digest.digest('hex');
  };
  return { id: hash(caller, method, path, key), requestHash: hash(query, rawBody ?? '') };
}

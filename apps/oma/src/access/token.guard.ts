import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { requestContext } from '../http/request-context.js';
import { ApiTokens } from './api-tokens.js';
import { OPEN } from './open.js';

/** Nobody gets in without a token, but where a route says so itself. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: ApiTokens,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // sockets show their token when they connect
    if (context.getType() !== 'http') return true;
    if (this.reflector.get<boolean | undefined>(OPEN, context.getHandler()) === true) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const { name } = await this.tokens.bearerOf(token);
    requestContext(request).actor = { kind: 'token', name };
    return true;
  }
}

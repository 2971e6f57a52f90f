import { Injectable, Module, type DynamicModule, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { MigrationError } from '@ossea/errors';
import type { Request } from 'express';
import { networkOf } from '@ossea/tunnel';
import { requestContext } from './request-context.js';

const MINUTE_MS = 60_000;

/** So many requests a minute for each session or token, and for each network of those who have none. */
@Injectable()
class RequestRate extends ThrottlerGuard {
  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.getType() !== 'http');
  }

  protected override async getTracker(request: Request): Promise<string> {
    const { accessId, address } = requestContext(request);
    return Promise.resolve(accessId ?? networkOf(address ?? ''));
  }

  /** One count for all routes together. */
  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
  }

  protected override throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire, timeToExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    throw new MigrationError('access.throttled', 'There are too many requests from this caller.', {
      context: { retryAfterSeconds: Math.max(1, timeToBlockExpire, timeToExpire) },
    });
  }
}

/** Must be imported after the access room, whose guard finds out who calls. */
@Module({})
export class RequestRateModule {
  static with(requestsPerMinute: number): DynamicModule {
    return {
      module: RequestRateModule,
      imports: [ThrottlerModule.forRoot([{ ttl: MINUTE_MS, limit: requestsPerMinute }])],
      providers: [{ provide: APP_GUARD, useClass: RequestRate }],
    };
  }
}

import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Histogram } from 'prom-client';
import { MetricsRegistry } from './metrics-registry.js';

const BUCKETS_SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/** How long requests take, by route: an address that a caller makes up is none, so callers cannot make new series. */
@Injectable()
export class HttpDurations {
  private readonly histogram: Histogram<'method' | 'route' | 'status'>;

  constructor({ registry }: MetricsRegistry) {
    this.histogram = new Histogram({
      name: 'ossea_http_request_duration_seconds',
      help: 'From the arrival of a request to the end of its answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS_SECONDS,
      registers: [registry],
    });
  }

  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    const end = this.histogram.startTimer();
    response.once('finish', () => {
      const path = (request.route as { readonly path?: unknown } | undefined)?.path;
      end({
        method: METHODS.has(request.method) ? request.method : 'other',
        route: typeof path === 'string' ? path : 'none',
        status: String(response.statusCode),
      });
    });
    next();
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

import type { Server } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { productVersion } from '../health/product-version.js';
import { GuardedIoAdapter } from '../progress/guarded-io-adapter.js';
import { apiDocument, serveApiDocument } from './api-document.js';
import { serveConsole } from './console-files.js';
import { HttpConnections } from './http-connections.js';
import { knownMethods } from './known-methods.js';
import { correlate } from './request-context.js';
import { securityHeaders } from './security-headers.js';
import { shallowJson } from './shallow-json.js';
import { StopGate } from './stop-gate.js';

const MAX_BODY = '256kb';
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than any answer is held back: nobody reads at the other end. */
const SILENT_MS = 120_000;

export interface HttpServerOptions {
  readonly overTls: boolean;
  /** The built console; without it only the API is served. */
  readonly consoleDir: string | undefined;
}

/** What stands in front of the controllers. Gives the gate that is closed first when the appliance stops. */
export function prepareHttp(app: NestExpressApplication, options: HttpServerOptions): StopGate {
  const gate = new StopGate();
  app.disable('x-powered-by');
  // what a proxy claims about the caller is not believed
  app.set('trust proxy', false);
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.use(correlate, securityHeaders(options), gate.middleware);
  app.use('/api', (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  const document = apiDocument(app, productVersion());
  app.use(knownMethods(document));
  app.useBodyParser('json', { limit: MAX_BODY });
  app.use(shallowJson);
  app.useWebSocketAdapter(new GuardedIoAdapter(app));
  serveApiDocument(app, document);
  if (options.consoleDir !== undefined) serveConsole(app, options.consoleDir);
  const server = app.getHttpServer() as Server;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.timeout = SILENT_MS;
  new HttpConnections().watch(server);
  return gate;
}

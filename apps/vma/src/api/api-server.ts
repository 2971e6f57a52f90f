import { chmod, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MigrationError } from '@ossea/errors';
import { PinoLogger } from 'nestjs-pino';
import { AppModule, type VmaParts } from '../app.module.js';
import { ServiceLogger } from './access-log.js';
import type { AgentGate } from './agent-gate.js';
import { ProblemFilter } from './problem-filter.js';

const MAX_MESSAGE = '1mb';
/** Of a request's arrival; answers take as long as they take. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** The agent's API, not listening yet; its logger is the process's from now on. */
export async function createApi(parts: VmaParts, gate: AgentGate): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.of(parts), {
    abortOnError: false,
    bodyParser: false,
    bufferLogs: true,
    forceCloseConnections: true,
  });
  app.useLogger(new ServiceLogger(await app.resolve(PinoLogger), {}));
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('etag', false);
  // before the parser: a stranger's message is not even read
  app.use(gate.middleware);
  app.useBodyParser('json', { limit: MAX_MESSAGE });
  app.useGlobalFilters(new ProblemFilter());
  return app;
}

/** Listens on the loopback, for operators and probes. Throws `config.invalid` for a port that is taken. */
export async function listenOnPort(app: NestExpressApplication, port: number): Promise<number> {
  const server = app.getHttpServer() as Server;
  limitArrival(server);
  try {
    await app.listen(port, '127.0.0.1');
  } catch (cause) {
    throw new MigrationError('config.invalid', 'api.port: expected a port that is free on the loopback.', {
      cause,
    });
  }
  return (server.address() as AddressInfo).port;
}

/** The same API where the tunnel reaches it without a port. The answer ends it, with its connections. */
export async function listenOnSocket(
  app: NestExpressApplication,
  path: string,
): Promise<() => Promise<void>> {
  await rm(path, { force: true });
  const server = createServer(app.getHttpAdapter().getInstance() as RequestListener);
  limitArrival(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  await chmod(path, 0o600);
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    await rm(path, { force: true });
  };
}

function limitArrival(server: Server): void {
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
}

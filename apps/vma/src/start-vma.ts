import 'reflect-metadata';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ConsoleLogger, Logger, type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AGENT_PROTOCOL_VERSION, PROTOCOL_HEADER } from '@ossea/agent-protocol';
import { ReferenceEngine, type CopyEngine } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import { loadNativeEngine, nativeUnavailableReason } from '@ossea/nbd-native';
import { PluginRegistry, type LoadOptions } from '@ossea/plugin-registry';
import { createProcessRunner } from '@ossea/process';
import { nativeCryptoAvailable } from '@ossea/tunnel';
import type { NextFunction, Request, Response } from 'express';
import { Agent, type AgentState } from './agent/agent.js';
import { AgentSettings } from './agent/agent-settings.js';
import { ProblemFilter } from './api/problem-filter.js';
import { AppModule } from './app.module.js';
import { parseConfig } from './config/load-config.js';
import type { VmaConfig, VmaConfigInput } from './config/config.schema.js';
import { StateFiles } from './state/state-files.js';

export { enrol, type Enrolled, type EnrolInput } from './enrolment/enrol.js';
export { StateFiles } from './state/state-files.js';

/** A running VMA. Disposing stops copies and tunnel; snapshots at the source stay. */
export interface RunningVma extends AsyncDisposable {
  /** Of the agent's API on the loopback. */
  readonly apiPort: number;
  readonly nbdSocketPath: string;
  readonly agentSocketPath: string;
  state(): AgentState;
}

export interface StartOptions {
  /** How plugin packages are imported; the language's own `import()` unless told. */
  readonly import?: LoadOptions['import'];
}

const MAX_MESSAGE = '1mb';

/** Starts the VMA and comes back when its API answers; whether it is enrolled already is another matter. Throws `config.*`. */
export async function startVma(input: VmaConfigInput, options: StartOptions = {}): Promise<RunningVma> {
  const config = parseConfig(input);
  const runDir = config.runDir ?? join(config.stateDir, 'run');
  const files = new StateFiles(config.stateDir);
  await files.prepare();
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const agentSocketPath = join(runDir, 'agent.sock');
  const agent = new AgentSettings(
    join(runDir, 'nbd.sock'),
    config.nbd.port,
    agentSocketPath,
    config.tunnel.connections,
  );
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.of({
      files,
      agent,
      registry: await PluginRegistry.load({
        packages: config.plugins.packages,
        ...(options.import ? { import: options.import } : {}),
      }),
      engine: chooseEngine(config),
      runner: createProcessRunner(),
      scratchDir: join(config.stateDir, 'plugins'),
      copiesAtOnce: config.copying.atOnce,
    }),
    {
      abortOnError: false,
      forceCloseConnections: true,
      logger: new ConsoleLogger({ json: true, logLevels: levelsFrom(config.log.level) }),
    },
  );
  app.useBodyParser('json', { limit: MAX_MESSAGE });
  app.useGlobalFilters(new ProblemFilter());
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.setHeader(PROTOCOL_HEADER, String(AGENT_PROTOCOL_VERSION));
    next();
  });
  app.disable('x-powered-by');
  try {
    await app.listen(config.api.port, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw new MigrationError('config.invalid', 'api.port: expected a port that is free on the loopback.', {
      cause: error,
    });
  }
  const socket = await listenOnSocket(app.getHttpAdapter().getInstance() as RequestListener, agentSocketPath);
  const { port: apiPort } = (app.getHttpServer() as Server).address() as AddressInfo;
  if (!nativeCryptoAvailable())
    new Logger('vma').warn('ssh2 has no native cryptography here: the tunnel is about ten times slower.');
  const running = app.get(Agent);
  const { nbdSocketPath } = agent;
  await files.announce({ apiPort, nbdSocketPath, agentSocketPath, pid: process.pid });
  let closing: Promise<void> | undefined;
  return {
    apiPort,
    nbdSocketPath,
    agentSocketPath,
    state: () => running.state,
    [Symbol.asyncDispose]: () =>
      (closing ??= (async () => {
        await files.withdraw();
        socket.closeAllConnections();
        socket.close();
        await app.close();
        await rm(agentSocketPath, { force: true });
      })()),
  };
}

/** The same API as on the loopback port, where the tunnel finds it without a port. */
async function listenOnSocket(handler: RequestListener, path: string): Promise<Server> {
  await rm(path, { force: true });
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  await chmod(path, 0o600);
  return server;
}

function chooseEngine({ copying }: VmaConfig): CopyEngine {
  const logger = new Logger('vma');
  const native = copying.engine === 'reference' ? undefined : loadNativeEngine();
  if (!native && copying.engine === 'native')
    throw new MigrationError(
      'config.invalid',
      `copying.engine: ${nativeUnavailableReason() ?? 'not available'}`,
    );
  if (!native) logger.warn(nativeUnavailableReason() ?? 'The reference engine was chosen.');
  return native ?? new ReferenceEngine();
}

function levelsFrom(level: VmaConfig['log']['level']): LogLevel[] {
  const order: LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug'];
  const names = { fatal: 1, error: 2, warn: 3, info: 4, debug: 5, silent: 0 };
  return order.slice(0, names[level]);
}

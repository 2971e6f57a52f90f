import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger as NestLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ReferenceEngine } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import { loadNativeEngine } from '@ossea/nbd-native';
import { PluginRegistry } from '@ossea/plugin-registry';
import { createProcessRunner } from '@ossea/process';
import { PinoLogger } from 'nestjs-pino';
import { FirstAccess } from './access/first-access.js';
import { AppModule } from './app.module.js';
import { pathsOf, type OmaParts } from './composition.js';
import type { OmaConfig } from './config/config.schema.js';
import { StateDirectory } from './config/state-directory.js';
import { openDatabase } from './database/data-source.js';
import { HealthRegistry } from './health/health-registry.js';
import { addOwnParts } from './health/own-health.js';
import { AppLogger } from './http/app-logger.js';
import { consoleFolder } from './http/console-files.js';
import { prepareHttp } from './http/http-server.js';
import type { StopGate } from './http/stop-gate.js';
import { tlsIdentity, type TlsIdentity } from './http/tls.js';
import { ProcessOwner } from './jobs/process-owner.js';
import { KeyFiles } from './secrets/key-files.js';
import { SecretBox } from './secrets/secret-box.js';
import { TunnelSupervisor } from './tunnels/tunnel-supervisor.js';

/** A running appliance. Disposing stops it in order; jobs that run are left for its next life. */
export interface RunningOma extends AsyncDisposable {
  readonly httpUrl: string;
  /** Where VMAs dial in. */
  readonly tunnelPort: number;
  /** SHA-256 of the certificate, where it serves TLS. */
  readonly certificateFingerprint: string | undefined;
}

export interface StartOptions {
  /** Tells the one-time set-up code to whoever starts the appliance for the first time. */
  readonly announceCode?: (code: string) => void;
}

/**
 * Starts the appliance and comes back when it takes requests. Throws `config.*` and `database.unavailable`; then
 * nothing of it is left.
 */
export async function startOma(config: OmaConfig, options: StartOptions = {}): Promise<RunningOma> {
  const ends: (() => Promise<void> | void)[] = [];
  try {
    const running = await start(config, options, ends);
    return { ...running, [Symbol.asyncDispose]: () => endAll(ends) };
  } catch (error) {
    await endAll(ends);
    throw error;
  }
}

async function start(
  config: OmaConfig,
  options: StartOptions,
  ends: (() => Promise<void> | void)[],
): Promise<Omit<RunningOma, typeof Symbol.asyncDispose>> {
  const state = await StateDirectory.open(config.stateDir);
  ends.push(() => state[Symbol.asyncDispose]());
  const runner = createProcessRunner();
  const { spoolDir, stateDir, kek } = pathsOf(config);
  const keys = await KeyFiles.open(kek);
  const tls = await tlsIdentity(config, runner);
  const database = await openDatabase(config);
  ends.push(() => database.destroy());
  const parts: OmaParts = {
    config,
    database,
    owner: new ProcessOwner(state.applianceId),
    registry: await PluginRegistry.load({ packages: config.plugins.packages }),
    engine: loadNativeEngine() ?? new ReferenceEngine(),
    runner,
    secrets: new SecretBox(keys.ring),
    keys,
    overTls: tls !== undefined,
  };
  const app = await createApp(parts, tls);
  ends.push(() => app.close());
  const gate = prepareHttp(app, { overTls: tls !== undefined, consoleDir: consoleFolder(config.consoleDir) });
  ends.push(() => stopTaking(app, gate));
  const tunnel = app.get(TunnelSupervisor, { strict: false });
  addOwnParts(app.get(HealthRegistry), { ...parts, spoolDir, stateDir, tunnel: () => tunnel.serving });
  const httpUrl = await listen(app, config, tls);
  const code = await app.get(FirstAccess, { strict: false }).prepare();
  if (code !== undefined) options.announceCode?.(code);
  await state.announce({ httpUrl, tunnelPort: tunnel.port, pid: process.pid });
  ends.push(() => state.withdraw());
  new NestLogger('oma').log(
    `Console and API at ${httpUrl}, VMAs dial in at port ${tunnel.port}` +
      (tls ? `, certificate ${tls.fingerprint}` : ''),
  );
  return { httpUrl, tunnelPort: tunnel.port, certificateFingerprint: tls?.fingerprint };
}

async function createApp(parts: OmaParts, tls: TlsIdentity | undefined): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.of(parts), {
    abortOnError: false,
    bufferLogs: true,
    forceCloseConnections: true,
    rawBody: true,
    ...(tls ? { httpsOptions: { key: tls.key, cert: tls.cert } } : {}),
  });
  app.useLogger(new AppLogger(await app.resolve(PinoLogger), {}));
  return app;
}

async function listen(
  app: NestExpressApplication,
  { http }: OmaConfig,
  tls: TlsIdentity | undefined,
): Promise<string> {
  try {
    await app.listen(http.port, http.host);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && error.syscall === 'listen')) throw error;
    throw new MigrationError(
      'config.invalid',
      'http.host and http.port: expected an address of this machine and a port that is free and allowed.',
      { cause: error },
    );
  }
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  const host = http.host.includes(':') ? `[${http.host}]` : http.host;
  return `${tls ? 'https' : 'http'}://${host}:${port}`;
}

/** No new connections, and no new requests on those that stand; what is being answered may end. */
function stopTaking(app: NestExpressApplication, gate: StopGate): void {
  gate.close();
  const server = app.getHttpServer() as Server;
  if (server.listening) server.close();
  server.closeIdleConnections();
}

/** In the reverse order of the beginnings; one that fails does not keep the others from ending. */
async function endAll(ends: (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let end = ends.pop(); end; end = ends.pop()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'The appliance did not stop cleanly.');
}

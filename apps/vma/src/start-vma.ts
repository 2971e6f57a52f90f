import 'reflect-metadata';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { MigrationError } from '@ossea/errors';
import { PluginRegistry, type LoadOptions } from '@ossea/plugin-registry';
import { createProcessRunner } from '@ossea/process';
import { nativeCryptoAvailable } from '@ossea/tunnel';
import { Agent, type AgentState } from './agent/agent.js';
import { accessLog } from './api/access-log.js';
import { AgentGate } from './api/agent-gate.js';
import { createApi, listenOnPort, listenOnSocket } from './api/api-server.js';
import { AnchorFile } from './audit/anchor-file.js';
import type { VmaConfig, VmaConfigInput } from './config/config.schema.js';
import { parseConfig } from './config/load-config.js';
import { chooseEngine, type ChosenEngine } from './copying/choose-engine.js';
import { Copies } from './copying/copies.js';
import { FirstBootServer } from './first-boot/first-boot-server.js';
import { PluginFiles } from './plugin-files/plugin-files.js';
import { SourceSessions } from './sources/source-sessions.js';
import { ReadyFile } from './state/ready-file.js';
import { claimState } from './state/state-claim.js';
import { StateFiles } from './state/state-files.js';

export type { AgentState } from './agent/agent.js';
export type { VmaConfig, VmaConfigInput } from './config/config.schema.js';
export { enrol, type Enrolled, type EnrolInput } from './enrolment/enrol.js';
export { StateFiles } from './state/state-files.js';

/** A running VMA. Disposing stops copies, sessions and tunnel, in this order; snapshots at the source stay. */
export interface RunningVma extends AsyncDisposable {
  /** Of the agent's API on the loopback. */
  readonly apiPort: number;
  readonly nbdSocketPath: string;
  readonly agentSocketPath: string;
  state(): AgentState;
}

export interface StartOptions {
  /** Tells whoever stands at this machine where the first-boot page is, with its code. */
  readonly tellConsole?: (line: string) => void;
  /** How plugin packages are imported; the language's own `import()` unless told. */
  readonly import?: LoadOptions['import'];
}

type Ends = (() => Promise<void> | void)[];

/** `sockaddr_un` holds no more, its closing zero left out. */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Starts the VMA and comes back when its API answers; whether it is enrolled already is another matter. Throws
 * `config.*`; then nothing of it is left.
 */
export async function startVma(input: VmaConfigInput, options: StartOptions = {}): Promise<RunningVma> {
  const config = parseConfig(input);
  const ends: Ends = [];
  try {
    const running = await start(config, options, ends);
    let ending: Promise<void> | undefined;
    return { ...running, [Symbol.asyncDispose]: () => (ending ??= endAll(ends)) };
  } catch (error) {
    await endAll(ends);
    throw error;
  }
}

async function start(
  config: VmaConfig,
  options: StartOptions,
  ends: Ends,
): Promise<Omit<RunningVma, typeof Symbol.asyncDispose>> {
  const files = new StateFiles(config.stateDir);
  await files.prepare();
  const { nbdSocketPath, agentSocketPath } = await socketPaths(config);
  ends.push(await claimState(config.stateDir));
  await files.withdraw();
  const ready = new ReadyFile(files);
  const agent = new Agent(files, {
    oma: config.oma,
    enrolment: config.enrolment,
    nbdSocketPath,
    agentSocketPath,
    nbdPort: config.nbd.port,
    connections: config.tunnel.connections,
    client: config.tunnel.client,
    rates: config.tunnel,
    copies: () => copies.running,
    onChange: (changed) => void ready.update(whereabouts(changed)).catch(tellUnwritten),
  });
  const registry = await PluginRegistry.load({
    packages: config.plugins.packages,
    ...(options.import ? { import: options.import } : {}),
  });
  const chosen = chooseEngine(config.copying.engine);
  const runner = createProcessRunner();
  const pluginFiles = new PluginFiles(join(config.stateDir, 'plugin-files'), registry, runner);
  const sessions = new SourceSessions(registry, runner, join(config.stateDir, 'plugins'), pluginFiles);
  const copies = new Copies({
    sessions,
    engine: chosen.engine,
    journalsDir: files.journals,
    nbdSocketPath,
    atOnce: config.copying.atOnce,
  });
  const gate = new AgentGate(agent);
  const { engine } = chosen;
  const log = accessLog(config.log.level);
  const anchors = new AnchorFile(config.stateDir);
  const parts = { agent, registry, engine, sessions, copies, files: pluginFiles, anchors, log };
  const app = await createApi(parts, gate);
  ends.push(() => app.close());
  const apiPort = await listenOnPort(app, config.api.port);
  ends.push(await listenOnSocket(app, agentSocketPath));
  ends.push(() => agent.stop());
  ends.push(() => sessions.stop());
  ends.push(() => copies.stopAll());
  ends.push(() => gate.close());
  await agent.start();
  if (config.firstBoot.mode === 'on') {
    const page = await FirstBootServer.open(config, files, options.tellConsole ?? (() => undefined));
    ends.push(async () => page?.[Symbol.asyncDispose]());
  }
  ends.push(() => ready.withdraw());
  await ready.announce({ pid: process.pid, apiPort, agentSocketPath, nbdSocketPath, ...whereabouts(agent) });
  tellBeginning(apiPort, chosen, registry);
  return { apiPort, nbdSocketPath, agentSocketPath, state: () => agent.state };
}

/** Throws `config.invalid` for a directory in which no socket can be. */
async function socketPaths(config: VmaConfig): Promise<{ nbdSocketPath: string; agentSocketPath: string }> {
  const runDir = config.runDir ?? join(config.stateDir, 'run');
  const agentSocketPath = join(runDir, 'agent.sock');
  if (Buffer.byteLength(agentSocketPath) > MAX_SOCKET_PATH_BYTES)
    throw new MigrationError('config.invalid', 'runDir: expected a shorter path: it holds Unix sockets.');
  try {
    await mkdir(runDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new MigrationError('config.invalid', 'runDir: expected a directory that we may write.', { cause });
  }
  return { agentSocketPath, nbdSocketPath: join(runDir, 'nbd.sock') };
}

function whereabouts({ state, nbdPort }: Agent): { state: string; nbdPort?: number } {
  return { state: state.state, ...(nbdPort === undefined ? {} : { nbdPort }) };
}

function tellUnwritten(error: unknown): void {
  new Logger('vma').warn(`ready.json could not be written: ${String(error)}`);
}

function tellBeginning(apiPort: number, { engine, regret }: ChosenEngine, registry: PluginRegistry): void {
  const logger = new Logger('vma');
  logger.log(`The agent's API is at 127.0.0.1:${apiPort}, the copy engine is the ${engine.name} one.`);
  if (regret !== undefined) logger.warn(regret);
  if (!nativeCryptoAvailable())
    logger.warn('ssh2 has no native cryptography here: the tunnel is about ten times slower.');
  for (const { packageName, error } of registry.failures)
    logger.warn(`The plugin ${packageName} is not used: ${error.code}: ${error.message}`);
}

/** In the reverse order of the beginnings; one that fails does not keep the others from ending. */
async function endAll(ends: Ends): Promise<void> {
  const failures: unknown[] = [];
  for (let end = ends.pop(); end; end = ends.pop()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'The VMA did not stop cleanly.');
}

import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Connection as ConnectionView } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { plugin as qemuTarget } from '@ossea/plugin-qemu-target';
import { PluginRegistry } from '@ossea/plugin-registry';
import { createProcessRunner } from '@ossea/process';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import type { DataSource } from 'typeorm';
import {
  PLUGIN_SCRATCH_DIR,
  REMOTE_SOURCES,
  TRUSTED_VMAS,
  type TrustedVmas,
} from '../../../apps/oma/src/connections/connections-ports.js';
import { ConnectionsModule } from '../../../apps/oma/src/connections/connections.module.js';
import { SecretBox } from '../../../apps/oma/src/secrets/secret-box.js';
import { openDatabase } from '../../../apps/oma/src/database/data-source.js';
import { AuditTrailModule } from '../../../apps/oma/src/audit/audit-trail.module.js';
import { DatabaseModule } from '../../../apps/oma/src/database/database.module.js';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { ENTITIES } from '../../../apps/oma/src/database/schema.js';
import { DiscoveryModule } from '../../../apps/oma/src/discovery/discovery.module.js';
import { accessLog } from '../../../apps/oma/src/http/access-log.js';
import { AppLogger } from '../../../apps/oma/src/http/app-logger.js';
import { prepareHttp } from '../../../apps/oma/src/http/http-server.js';
import { ProblemFilter } from '../../../apps/oma/src/http/problem-filter.js';
import { RequestValidation } from '../../../apps/oma/src/http/request-validation.js';
import { JobsService } from '../../../apps/oma/src/jobs/jobs.service.js';
import { JobsModule } from '../../../apps/oma/src/jobs/jobs.module.js';
import { ProcessOwner } from '../../../apps/oma/src/jobs/process-owner.js';
import { NetworksModule } from '../../../apps/oma/src/networks/networks.module.js';
import { PluginsModule } from '../../../apps/oma/src/plugins/plugins.module.js';
import { Outbox, type CommittedFact } from '../../../apps/oma/src/progress/outbox.js';
import { OutboxModule } from '../../../apps/oma/src/progress/outbox.module.js';
import { PROCESS_RUNNER } from '../../../apps/oma/src/volumes/volumes-ports.js';
import { startMariaDb, type PrivateMariaDb } from '../../stack/mariadb.js';
import { CarelessCloud, FakeGateway, hypervisorPlugin, undrawablePlugin, CANARY } from './test-plugins.js';

export type Engine = 'sqlite' | 'mariadb';
export const ENGINES: readonly Engine[] = ['sqlite', 'mariadb'];

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** The log of every bench: the logger is one per process. */
const LINES: string[] = [];

/** The rooms of plugins, connections, discovery and networks, over HTTP, with real jobs and a real database. */
export class ConnectionsBench implements AsyncDisposable {
  readonly gateway = new FakeGateway();
  readonly cloud = new CarelessCloud();
  /** The fake tunnels' room: who is trusted, and who only asked. */
  readonly approvedVma = newId('vma');
  readonly otherVma = newId('vma');
  readonly pendingVma = newId('vma');
  readonly facts: CommittedFact[] = [];
  /** Everything that any client was told. */
  readonly told: string[] = [];
  private readonly box = SecretBox.withKey(randomBytes(32));
  private app!: NestExpressApplication;
  private url = '';
  database!: DataSource;

  private constructor(
    readonly stateDir: string,
    private readonly mariaDb: PrivateMariaDb | undefined,
  ) {}

  static async start(engine: Engine = 'sqlite'): Promise<ConnectionsBench> {
    const stateDir = await mkdtemp(join(tmpdir(), 'c-'));
    const mariaDb = engine === 'mariadb' ? await startMariaDb() : undefined;
    const bench = new ConnectionsBench(stateDir, mariaDb);
    await bench.open();
    return bench;
  }

  /** Begins a life of the appliance; `close` ends it. */
  async open(): Promise<void> {
    const { stateDir, mariaDb } = this;
    this.database = await openDatabase({
      database: mariaDb ? { engine: 'mariadb', ...mariaDb.login } : { engine: 'sqlite' },
      stateDir,
    });
    this.app = await NestFactory.create<NestExpressApplication>(await this.root(), {
      bufferLogs: true,
      abortOnError: false,
      forceCloseConnections: true,
      rawBody: true,
    });
    this.app.useLogger(new AppLogger(await this.app.resolve(PinoLogger), {}));
    prepareHttp(this.app, { overTls: false, consoleDir: undefined });
    this.app.get(Outbox, { strict: false }).onFact((fact) => this.facts.push(fact));
    await this.app.listen(0, '127.0.0.1');
    this.url = await this.app.getUrl();
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.database.destroy();
  }

  service<T>(type: abstract new (...args: never[]) => T): T {
    return this.app.get<T>(type, { strict: false });
  }

  get log(): string {
    return LINES.join('');
  }

  /** Calls the API below `/api/v1`; POST with a body, GET without. */
  async call(path: string, { body, headers = {}, ...call }: Call = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method: call.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    this.told.push(text, JSON.stringify([...response.headers]));
    const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, headers: response.headers, body: parsed };
  }

  async source(more: object = {}): Promise<ConnectionView> {
    return this.created({
      name: `source ${newId('n')}`,
      kind: 'source',
      pluginId: 'memory-source',
      vmaId: this.approvedVma,
      settings: { host: 'vcenter', password: CANARY },
      ...more,
    });
  }

  /** A job of a VM that runs until it is told to end. */
  async job(contextId: string): Promise<{ readonly id: string; end(): Promise<void> }> {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const jobs = this.service(JobsService);
    const caller = { correlationId: 'bench-1', requestedBy: 'bench' };
    const { id } = await jobs.start('test', {
      category: 'replication',
      contextId,
      ...caller,
      run: () => ended,
    });
    return {
      id,
      end: async () => {
        end();
        await jobs.waitFor(id, 10_000);
      },
    };
  }

  /** A pool of the real QEMU target. */
  async qemu(more: object = {}): Promise<ConnectionView> {
    const { stateDir } = this;
    const settings = { poolDir: join(stateDir, 'pool'), machinesDir: join(stateDir, 'm') };
    return this.created({
      name: `qemu ${newId('n')}`,
      kind: 'target',
      pluginId: 'qemu-target',
      settings,
      ...more,
    });
  }

  async careless(mood = 'calm', more: object = {}): Promise<ConnectionView> {
    return this.created({
      name: `cloud ${newId('n')}`,
      kind: 'target',
      pluginId: 'careless-cloud',
      settings: { mood, password: CANARY },
      ...more,
    });
  }

  /** Everything that is stored: the files of the state directory, and the rows of every table. */
  async stored(): Promise<string> {
    const rows = await Promise.all(ENTITIES.map((entity) => this.database.getRepository(entity).find()));
    const files = await readdir(this.stateDir, { recursive: true, withFileTypes: true });
    const bytes = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')),
    );
    return [JSON.stringify(rows), ...bytes].join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.database.isInitialized) await this.close();
    await this.mariaDb?.[Symbol.asyncDispose]();
    await rm(this.stateDir, { recursive: true, force: true });
  }

  private async created(body: object): Promise<ConnectionView> {
    const { status, body: answer } = await this.call('connections', { body });
    if (status !== 201) throw new Error(JSON.stringify(answer));
    return answer as ConnectionView;
  }

  private async root() {
    const packages: Record<string, object> = {
      'qemu-target': qemuTarget,
      'memory-source': hypervisorPlugin,
      'careless-cloud': this.cloud.plugin,
      undrawable: undrawablePlugin,
    };
    const registry = await PluginRegistry.load({
      packages: [...Object.keys(packages), 'newer-than-we', 'not-installed'],
      import: (name) => {
        if (name === 'newer-than-we')
          return Promise.resolve({ plugin: { manifest: { ...qemuTarget.manifest, contract: 99 } } });
        if (packages[name]) return Promise.resolve({ plugin: packages[name] });
        return import(/* @vite-ignore */ name);
      },
    });
    const { pinoHttp } = accessLog('debug');
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        LINES.push(chunk.toString());
        done();
      },
    });
    @Global()
    @Module({ providers: this.ports(), exports: this.ports().map(({ provide }) => provide) })
    class Ports {}
    @Module({
      imports: [
        LoggerModule.forRoot({ pinoHttp: [pinoHttp as object, sink] }),
        DatabaseModule.with(this.database),
        OutboxModule,
        AuditTrailModule,
        JobsModule.as(new ProcessOwner('oma-test')),
        Ports,
        PluginsModule.with(registry),
        ConnectionsModule.with(this.box),
        DiscoveryModule,
        NetworksModule,
      ],
      providers: [
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: () => new RequestValidation() },
      ],
    })
    class Root {}
    return Root;
  }

  private ports() {
    const vmas: TrustedVmas = {
      mustBeApproved: async (vmaId) => {
        if ([this.approvedVma, this.otherVma].includes(vmaId)) return;
        if (vmaId === this.pendingVma)
          throw new MigrationError('config.missing', 'vmaId: expected a VMA that is approved.');
        throw new MigrationError('request.not-found', 'There is no such VMA.');
      },
    };
    return [
      { provide: REMOTE_SOURCES, useValue: this.gateway },
      { provide: TRUSTED_VMAS, useValue: vmas },
      { provide: PLUGIN_SCRATCH_DIR, useValue: join(this.stateDir, 'plugins') },
      { provide: PROCESS_RUNNER, useValue: createProcessRunner() },
    ];
  }
}

/** What a problem says, without what differs from time to time. */
export function problemOf({ body }: Answer) {
  const { code, remedy, errors } = body as {
    code: string;
    remedy: string;
    errors?: { pointer: string; message: string }[];
  };
  return { code, remedy, ...(errors ? { fields: errors.map(({ pointer }) => pointer) } : {}) };
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IssuedToken, SignedIn, scopesOf } from '@ossea/api-contract';
import type { DataSource } from 'typeorm';
import type { OmaConfig, OmaConfigInput } from '../../../apps/oma/src/config/config.schema.js';
import { parseConfig } from '../../../apps/oma/src/config/load-config.js';
import { createDataSource } from '../../../apps/oma/src/database/data-source.js';
import { startOma, type RunningOma } from '../../../apps/oma/src/start-oma.js';
import { startMariaDb, type PrivateMariaDb } from '../../stack/mariadb.js';

export const ADMIN_PASSWORD = 'correct horse battery';

export type Engine = 'sqlite' | 'mariadb';
export const ENGINES: readonly Engine[] = ['sqlite', 'mariadb'];

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Call {
  readonly method?: string;
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
}

/** A whole appliance in this process, on the loopback, with a state directory of its own. */
export class Appliance implements AsyncDisposable {
  private constructor(
    readonly stateDir: string,
    private readonly config: OmaConfig,
    readonly announced: readonly string[],
    private oma: RunningOma,
    private readonly mariadb: PrivateMariaDb | undefined,
    /** A token of the administrator's with every scope; absent unless it was set up. */
    readonly token: string | undefined,
  ) {}

  static async start(
    options: {
      readonly engine?: Engine;
      readonly setUp?: boolean;
      readonly config?: Partial<OmaConfigInput>;
    } = {},
  ): Promise<Appliance> {
    const stateDir = await mkdtemp(join(tmpdir(), 'oma-'));
    const mariadb = options.engine === 'mariadb' ? await startMariaDb() : undefined;
    const announced: string[] = [];
    const config = parseConfig({
      stateDir,
      http: { port: 0, requestsPerMinute: 100_000 },
      tls: { mode: 'off' },
      tunnel: {
        host: '127.0.0.1',
        port: 0,
        firstAgentPort: 0,
        enrolmentsPerMinute: 1_000,
        enrolmentsInAllPerMinute: 1_000,
      },
      log: { level: 'silent' },
      ...(mariadb ? { database: { engine: 'mariadb', ...mariadb.login } } : {}),
      ...options.config,
    });
    const oma = await startOma(config, { announceCode: (code) => announced.push(code) });
    const token = options.setUp === false ? undefined : await firstToken(oma.httpUrl, announced[0] ?? '');
    return new Appliance(stateDir, config, announced, oma, mariadb, token);
  }

  get url(): string {
    return this.oma.httpUrl;
  }

  /** Stops it and starts it again on the same state; `between` may touch the database meanwhile. */
  async restart(between?: (database: DataSource) => Promise<unknown>): Promise<void> {
    await this.stop();
    if (between) {
      const database = createDataSource(this.config);
      await database.initialize();
      await between(database);
      await database.destroy();
    }
    await this.begin();
  }

  stop(): Promise<void> {
    return Promise.resolve(this.oma[Symbol.asyncDispose]());
  }

  /** Starts again after `stop`; at another port for tunnels where told. */
  async begin({ tunnelPort }: { readonly tunnelPort?: number } = {}): Promise<void> {
    const { tunnel } = this.config;
    this.oma = await startOma({ ...this.config, tunnel: { ...tunnel, port: tunnelPort ?? tunnel.port } });
  }

  setUpCode(): Promise<string> {
    return readFile(join(this.stateDir, 'set-up-code'), 'utf8').then((text) => text.trim());
  }

  /** Calls the API, as the administrator unless told. */
  async call(path: string, call: Call = {}): Promise<Answer> {
    return callAt(this.url, path, { token: this.token ?? null, ...call });
  }

  async killDatabase(): Promise<void> {
    await this.mariadb?.kill();
  }

  async startDatabase(): Promise<void> {
    await this.mariadb?.start();
  }

  /** Takes every token away, behind the appliance's back. */
  async forgetTokens(): Promise<void> {
    await this.change('DELETE FROM api_token', 'DELETE FROM access_session');
  }

  /** Changes its database behind its back. */
  async change(...statements: readonly string[]): Promise<void> {
    const database = createDataSource(this.config);
    await database.initialize();
    for (const statement of statements) await database.query(statement);
    await database.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.oma[Symbol.asyncDispose]();
    await this.mariadb?.[Symbol.asyncDispose]();
    await rm(this.stateDir, { recursive: true, force: true });
  }
}

export async function callAt(url: string, path: string, call: Call): Promise<Answer> {
  const { method = call.body === undefined ? 'GET' : 'POST', token, headers = {}, body } = call;
  const response = await fetch(`${url}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token == null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    // lines of JSON are text, too
    body: (isJson(response) ? JSON.parse(text) : { text }) as Record<string, unknown>,
  };
}

function isJson({ headers }: Response): boolean {
  return /^application\/(problem\+)?json\b/.test(headers.get('content-type') ?? '');
}

/** A token of the administrator's with every scope, for the code of the set-up. */
export async function firstToken(url: string, code: string): Promise<string> {
  const entered = await callAt(url, 'access/set-up', { body: { code, password: ADMIN_PASSWORD } });
  const { token: session = '' } = SignedIn.parse(entered.body);
  // of a program that may do whatever one may: it is never asked for a password
  const issued = await callAt(url, 'access/tokens', {
    token: session,
    body: { name: 'tests', scopes: scopesOf('administrator') },
  });
  return IssuedToken.parse(issued.body).token;
}

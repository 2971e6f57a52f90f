import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { MigrationError } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import type { CallOptions, PluginContext, SourceSession, TargetSession } from '@ossea/plugin-sdk';
import type { ProcessRunner } from '@ossea/process';
import { DataSource } from 'typeorm';
import { PROCESS_RUNNER } from '../volumes/volumes-ports.js';
import { Connection } from './connection.entity.js';
import { openSettings } from './connection-settings.js';
import { PLUGIN_SCRATCH_DIR, REMOTE_SOURCES, type SourceGateway } from './connections-ports.js';
import { SecretBox } from './secret-box.js';

type Session = SourceSession | TargetSession;
interface Held {
  readonly version: number;
  readonly session: Promise<Session>;
}

/** Live sessions of configured connections, one each, for as long as the connection stays as it is. */
@Injectable()
export class ConnectionSessions implements OnApplicationShutdown {
  private readonly held = new Map<string, Held>();
  private readonly logger = new Logger('connections');

  constructor(
    readonly database: DataSource,
    private readonly registry: PluginRegistry,
    private readonly box: SecretBox,
    @Inject(PROCESS_RUNNER) private readonly runner: ProcessRunner,
    @Inject(PLUGIN_SCRATCH_DIR) private readonly scratchDir: string,
    @Inject(REMOTE_SOURCES) private readonly sources: SourceGateway,
  ) {}

  /** The session of a source, through its VMA. Throws `request.not-found`, `config.missing`, and what connecting throws. */
  async source(connectionId: string, call: CallOptions): Promise<SourceSession> {
    return (await this.session(connectionId, 'source', call)) as SourceSession;
  }

  /** The session of a target. Throws `request.not-found`, and what connecting throws. */
  async target(connectionId: string, call: CallOptions): Promise<TargetSession> {
    return (await this.session(connectionId, 'target', call)) as TargetSession;
  }

  /** Ends the session of a connection, if there is one; the next call opens a new one. */
  async close(connectionId: string): Promise<void> {
    const held = this.held.get(connectionId);
    this.held.delete(connectionId);
    await held?.session.then(
      (session) => this.dispose(connectionId, session),
      () => undefined,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.held.keys()].map((id) => this.close(id)));
  }

  private async session(id: string, kind: 'source' | 'target', call: CallOptions): Promise<Session> {
    const row = await this.database.getRepository(Connection).findOneBy({ id });
    if (row?.kind !== kind)
      throw new MigrationError('request.not-found', `There is no such ${kind} connection.`, {
        context: { connection: id.slice(0, 40) },
      });
    const held = this.held.get(id);
    if (held?.version === row.version) return waitFor(held.session, call.signal);
    if (held) await this.close(id);
    // One connect serves everybody who waits for it: whoever goes away must not take it from the others.
    const session = this.connect(row, { signal: new AbortController().signal });
    const mine: Held = { version: row.version, session };
    this.held.set(id, mine);
    session.catch(() => {
      if (this.held.get(id) === mine) this.held.delete(id);
    });
    return waitFor(session, call.signal);
  }

  private async connect(row: Connection, call: CallOptions): Promise<Session> {
    const settings = openSettings(row, this.box, row.id);
    if (row.kind === 'source') {
      if (row.vmaId === null)
        throw new MigrationError('config.missing', `The connection "${row.name}" names no VMA.`);
      const { vmaId, pluginId } = row;
      return this.sources.open({ vmaId, session: row.id, pluginId, settings }, call);
    }
    const plugin = this.registry.get(row.pluginId, 'target');
    const scratchDir = join(this.scratchDir, row.id);
    await mkdir(scratchDir, { recursive: true, mode: 0o700 });
    return plugin.connect(plugin.settings.parse(settings), this.context(row, scratchDir), call);
  }

  private context(row: Connection, scratchDir: string): PluginContext {
    const logger = new Logger(`${row.pluginId} ${row.id}`);
    const line = (message: string, context?: object) => (context ? { message, ...context } : message);
    return {
      scratchDir,
      run: this.runner,
      log: {
        debug: (message, context) => logger.debug(line(message, context)),
        info: (message, context) => logger.log(line(message, context)),
        warn: (message, context) => logger.warn(line(message, context)),
        error: (message, context) => logger.error(line(message, context)),
      },
    };
  }

  private async dispose(id: string, session: Session): Promise<void> {
    try {
      await session[Symbol.asyncDispose]();
    } catch (error) {
      this.logger.warn(`The session of ${id} did not end well: ${String(error)}`);
    }
  }
}

/** The session, or `call.aborted` as soon as the caller has gone. */
async function waitFor(session: Promise<Session>, signal: AbortSignal): Promise<Session> {
  let onAbort = (): void => undefined;
  const gone = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new MigrationError('call.aborted', 'The call was aborted.'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([session, gone]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

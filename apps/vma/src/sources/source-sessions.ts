import { createHash, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { OpenSession, SessionOpened } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import type { BlockEndpoint, Lease, PluginContext, SourceSession } from '@ossea/plugin-sdk';
import type { ProcessRunner } from '@ossea/process';

/** An open session with what was borrowed from it. */
export interface HostedSession {
  /** Names this life of the session. */
  readonly instance: string;
  readonly session: SourceSession;
  readonly leases: Map<string, Lease<BlockEndpoint>>;
}

interface Hosted {
  /** Of plugin and settings: another one means another session. */
  readonly digest: string;
  readonly opened: Promise<HostedSession>;
}

/** Source sessions that the OMA has opened here, by the id it gave them. Settings are kept in memory only. */
@Injectable()
export class SourceSessions implements OnApplicationShutdown {
  private readonly hosted = new Map<string, Hosted>();
  private readonly logger = new Logger('sources');

  constructor(
    private readonly registry: PluginRegistry,
    private readonly runner: ProcessRunner,
    private readonly scratchDir: string,
  ) {}

  /**
   * Opens a session, or finds it open with these very settings; other settings replace it.
   * Throws `plugin.unknown`, `config.invalid` that names the wrong fields, and what connecting throws.
   */
  async open(id: string, wanted: OpenSession): Promise<SessionOpened> {
    const digest = createHash('sha256').update(JSON.stringify(wanted)).digest('hex');
    const known = this.hosted.get(id);
    if (known && known.digest !== digest) await this.close(id);
    let hosted = this.hosted.get(id);
    if (!hosted) {
      hosted = { digest, opened: this.connect(id, wanted) };
      const mine = hosted;
      this.hosted.set(id, mine);
      mine.opened.catch(() => {
        if (this.hosted.get(id) === mine) this.hosted.delete(id);
      });
    }
    const { instance, session } = await hosted.opened;
    const capabilities = Object.entries(session.can).flatMap(([name, granted]) => (granted ? [name] : []));
    return { instance, capabilities };
  }

  /** Throws `resource.not-found` with the session in its context: the OMA then opens it again. */
  async get(id: string): Promise<HostedSession> {
    const hosted = this.hosted.get(id);
    if (!hosted)
      throw new MigrationError('resource.not-found', 'This session is not open here.', {
        context: { session: id.slice(0, 64) },
      });
    return hosted.opened;
  }

  /** Ends a session; one that is gone already is success. Snapshots stay. */
  async close(id: string): Promise<void> {
    const hosted = this.hosted.get(id);
    this.hosted.delete(id);
    const open = await hosted?.opened.catch(() => undefined);
    if (!open) return;
    for (const lease of open.leases.values()) await this.dispose('lease', lease);
    open.leases.clear();
    await this.dispose('session', open.session);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.hosted.keys()].map((id) => this.close(id)));
  }

  private async connect(id: string, { pluginId, settings }: OpenSession): Promise<HostedSession> {
    const plugin = this.registry.get(pluginId, 'source');
    const parsed = plugin.settings.safeParse(settings);
    if (!parsed.success) {
      const fields = parsed.error.issues.map(
        ({ path, message }) => `${path.join('.') || 'settings'}: ${message}`,
      );
      throw new MigrationError('config.invalid', `The settings are wrong. ${fields.join('; ')}.`);
    }
    const scratchDir = join(this.scratchDir, createHash('sha256').update(id).digest('hex').slice(0, 12));
    await mkdir(scratchDir, { recursive: true, mode: 0o700 });
    const session = await plugin.connect(parsed.data, this.context(pluginId, scratchDir), {
      signal: new AbortController().signal,
    });
    return { instance: randomUUID(), session, leases: new Map() };
  }

  private context(pluginId: string, scratchDir: string): PluginContext {
    const logger = new Logger(pluginId);
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

  private async dispose(what: string, resource: AsyncDisposable): Promise<void> {
    try {
      await resource[Symbol.asyncDispose]();
    } catch (error) {
      this.logger.warn(`A ${what} did not end well: ${String(error)}`);
    }
  }
}

import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { OpenSession, SessionOpened } from '@ossea/agent-protocol';
import { MigrationError, SecretScrubber, withDeadline } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import { secretsIn, type ProcessRunner, type SourceSession } from '@ossea/plugin-sdk';
import { HostedSession, notOpen } from './hosted-session.js';
import { orAborted } from './or-aborted.js';
import { pluginContext } from './plugin-context.js';
import type { PluginFiles } from '../plugin-files/plugin-files.js';

/** Hypervisors think long about a login; one that thinks longer is taken for gone. */
const CONNECT_MS = 120_000;

interface Hosted {
  /** Of plugin and settings: another one means another session. */
  readonly digest: string;
  readonly pluginId: string;
  readonly opened: Promise<HostedSession>;
  readonly closer: AbortController;
}

/** Source sessions that the OMA has opened here, by the id it gave them. Settings are kept in memory only, by the plugin. */
export class SourceSessions {
  private readonly hosted = new Map<string, Hosted>();
  /** Ends of earlier sessions: the next one of the same id waits for it, because they share a directory. */
  private readonly ending = new Map<string, Promise<void>>();
  private readonly logger = new Logger('sources');
  private stopped = false;

  constructor(
    private readonly registry: PluginRegistry,
    private readonly runner: ProcessRunner,
    private readonly scratchDir: string,
    private readonly files?: Pick<PluginFiles, 'directories'>,
  ) {}

  /**
   * Opens a session, or finds it open with these very settings; other settings replace it.
   * Throws `plugin.unknown`, `config.invalid` that names the wrong fields, and what connecting throws.
   */
  async open(id: string, wanted: OpenSession): Promise<SessionOpened> {
    const digest = digestOf(wanted);
    for (let known = this.hosted.get(id); known; known = this.hosted.get(id)) {
      if (known.digest === digest) return opened(await known.opened);
      await this.close(id);
    }
    if (this.stopped) throw new MigrationError('process.not-ready', 'This VMA is stopping.');
    const closer = new AbortController();
    const hosted = {
      digest,
      closer,
      pluginId: wanted.pluginId,
      opened: this.connect(id, wanted, closer.signal),
    };
    this.hosted.set(id, hosted);
    try {
      return opened(await hosted.opened);
    } catch (error) {
      if (this.hosted.get(id) === hosted) this.hosted.delete(id);
      throw error;
    }
  }

  /** Throws `resource.not-found` with the session in its context: the OMA then opens it again. */
  async get(id: string): Promise<HostedSession> {
    const hosted = this.hosted.get(id);
    if (!hosted) throw notOpen(id);
    return hosted.opened;
  }

  /** Ends a session, also one that is being opened; one that is gone already is success. Snapshots stay. */
  async close(id: string): Promise<void> {
    const hosted = this.hosted.get(id);
    if (hosted) {
      this.hosted.delete(id);
      const ended = this.end(hosted, this.ending.get(id)).finally(() => {
        if (this.ending.get(id) === ended) this.ending.delete(id);
      });
      this.ending.set(id, ended);
    }
    await this.ending.get(id);
  }

  /** Ends the sessions of a plugin that read nothing now: the OMA opens them again when it needs them. */
  async closeIdle(pluginId: string): Promise<void> {
    for (const [id, hosted] of [...this.hosted]) {
      if (hosted.pluginId !== pluginId) continue;
      const session = await hosted.opened.catch(() => undefined);
      if (session && !session.isReading && this.hosted.get(id) === hosted) await this.close(id);
    }
  }

  /** Ends all of them, and opens none any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.hosted.keys(), ...this.ending.keys()].map((id) => this.close(id)));
  }

  private async end({ opened, closer }: Hosted, before: Promise<void> | undefined): Promise<void> {
    closer.abort();
    await before;
    const session = await opened.catch(() => undefined);
    await session?.close();
  }

  private async connect(
    id: string,
    { pluginId, settings }: OpenSession,
    closed: AbortSignal,
  ): Promise<HostedSession> {
    const plugin = this.registry.get(pluginId, 'source');
    const parsed = plugin.settings.safeParse(settings);
    if (!parsed.success) {
      const fields = parsed.error.issues.map(
        ({ path, message }) => `${path.join('.') || 'settings'}: ${message}`,
      );
      throw new MigrationError('config.invalid', `The settings are wrong. ${fields.join('; ')}.`);
    }
    await this.ending.get(id);
    const scratchDir = join(this.scratchDir, createHash('sha256').update(id).digest('hex').slice(0, 12));
    await mkdir(scratchDir, { recursive: true, mode: 0o700 });
    const scrubber = new SecretScrubber(secretsIn(plugin.settings, settings));
    const files = (await this.files?.directories(pluginId)) ?? {};
    const context = { ...pluginContext(pluginId, scratchDir, this.runner, scrubber), files };
    try {
      const session = await this.timed(pluginId, closed, (signal) =>
        plugin.connect(parsed.data, context, { signal }),
      );
      return new HostedSession(id, session, scrubber, (message) => this.logger.warn(message));
    } catch (error) {
      throw scrubber.error(error);
    }
  }

  private async timed(
    pluginId: string,
    closed: AbortSignal,
    connect: (signal: AbortSignal) => Promise<SourceSession>,
  ): Promise<SourceSession> {
    return withDeadline(closed, CONNECT_MS, async ({ signal, isOver }) => {
      try {
        return await orAborted(signal, connect(signal), (unwanted) => {
          unwanted[Symbol.asyncDispose]().then(undefined, () => undefined);
        });
      } catch (error) {
        if (!isOver()) throw error;
        throw new MigrationError('peer.unreachable', `The source did not answer within ${CONNECT_MS} ms.`, {
          context: { plugin: pluginId },
          cause: error,
        });
      }
    });
  }
}

function opened({ instance, capabilities }: HostedSession): SessionOpened {
  return { instance, capabilities };
}

/** The same settings in another order are the same settings. */
function digestOf({ pluginId, settings }: OpenSession): string {
  const text = JSON.stringify([pluginId, settings], (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(text).digest('hex');
}

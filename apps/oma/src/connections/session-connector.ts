import { Inject, Injectable } from '@nestjs/common';
import { MigrationError, SecretScrubber, throwIfAborted } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import type { SourceSession, TargetSession } from '@ossea/plugin-sdk';
import type { Connection } from './connection.entity.js';
import { ConnectionSettings, parseSettings } from './connection-settings.js';
import { REMOTE_SOURCES, type SourceGateway } from './connections-ports.js';
import { PluginContexts } from './plugin-contexts.js';

export type Session = SourceSession | TargetSession;

/** Hypervisors and clouds may think for a while; one that says nothing for longer is not there. */
const CONNECT_MS = 120_000;

/** Opens sessions: targets here by their plugin, sources through their VMA. */
@Injectable()
export class SessionConnector {
  constructor(
    private readonly registry: PluginRegistry,
    private readonly settings: ConnectionSettings,
    private readonly contexts: PluginContexts,
    @Inject(REMOTE_SOURCES) private readonly sources: SourceGateway,
  ) {}

  /**
   * Connects. Throws `config.missing`, `config.invalid`, what `connect` throws without the secrets it may quote, and
   * `peer.unreachable` when nothing happens for two minutes.
   * @param name tells sessions of one connection apart, and names their scratch directory: its id unless it is a trial.
   */
  async connect(row: Connection, name: string, stop: AbortSignal): Promise<Session> {
    throwIfAborted(stop);
    const { settings, secrets } = this.settings.opened(row);
    const scrubber = new SecretScrubber(secrets);
    const failed = new AbortController();
    const opening = this.open(row, name, settings, scrubber, AbortSignal.any([failed.signal, stop]));
    let fail: (error: MigrationError) => void = () => undefined;
    const never = new Promise<never>((_resolve, reject) => (fail = reject));
    const onStop = () => fail(new MigrationError('call.aborted', 'The call was aborted.'));
    stop.addEventListener('abort', onStop, { once: true });
    const timer = setTimeout(
      () => fail(new MigrationError('peer.unreachable', `"${row.name}" does not answer.`)),
      CONNECT_MS,
    );
    try {
      return await Promise.race([opening, never]);
    } catch (error) {
      failed.abort();
      // a plugin that does not mind its signal may still connect: nobody would ever end that session
      opening.then((session) => session[Symbol.asyncDispose]()).catch(() => undefined);
      throw scrubber.error(error);
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
    }
  }

  private async open(
    row: Connection,
    name: string,
    settings: Record<string, unknown>,
    scrubber: SecretScrubber,
    signal: AbortSignal,
  ): Promise<Session> {
    if (row.kind === 'source') {
      if (row.vmaId === null)
        throw new MigrationError('config.missing', `The connection "${row.name}" names no VMA.`);
      const { vmaId, pluginId } = row;
      return this.sources.open({ vmaId, session: name, pluginId, settings }, { signal });
    }
    const plugin = this.registry.get(row.pluginId, 'target');
    const context = await this.contexts.of(row.pluginId, name, scrubber);
    return plugin.connect(parseSettings(plugin.settings, settings), context, { signal });
  }
}

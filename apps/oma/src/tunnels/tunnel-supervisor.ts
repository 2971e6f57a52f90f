import { mkdir } from 'node:fs/promises';
import { Mutex } from 'async-mutex';
import { MigrationError, asMigrationError, toProblem } from '@ossea/errors';
import type { ProcessRunner } from '@ossea/process';
import { Backoff, fingerprint, publicKeyOf, type EnrolPeer, type TunnelKind } from '@ossea/tunnel';
import type { ApplianceKeys } from './appliance-keys.js';
import { ControlChannel } from './control-channel.js';
import type { FromServer, IdentityMessage, TunnelEvent } from './server/control-messages.js';
import { ServerLife } from './server-life.js';
import type { TunnelsSettings } from './tunnels-ports.js';
import { controlSocketIn } from './vma-sockets.js';

const RESTART_FIRST_MS = 200;
const RESTART_CAP_MS = 5_000;
/** A process that lived so long has earned a quick restart again. */
const STEADY_MS = 30_000;

export interface SupervisorOptions {
  readonly runner: ProcessRunner;
  readonly settings: TunnelsSettings;
  readonly keys: ApplianceKeys;
  /** Who may come in, as the database says now. */
  readonly identities: () => Promise<readonly IdentityMessage[]>;
  readonly enrol: (request: unknown, peer: EnrolPeer) => Promise<unknown>;
  readonly onEvent: (event: TunnelEvent) => void;
  /** Every connection of every VMA is gone: the server process has ended. */
  readonly onLost: () => void;
  readonly log: { log(message: string): void; warn(message: string): void };
}

export interface Serving {
  readonly pid: number;
  readonly transport: TunnelKind;
  /** Whether ssh2 has its fast ciphers; of no account where OpenSSH serves. */
  readonly nativeCrypto: boolean;
}

/** Keeps the tunnel server's process running: losing it is normal, being without it for long is not. */
export class TunnelSupervisor implements AsyncDisposable {
  private readonly aborter = new AbortController();
  /** Tables are read and told one after the other, so that an old one never overtakes a new one. */
  private readonly tables = new Mutex();
  private readonly backoff = new Backoff(RESTART_FIRST_MS, RESTART_CAP_MS);
  private channel: ControlChannel | undefined;
  private life: ServerLife | undefined;
  private retry: NodeJS.Timeout | undefined;
  /** Where VMAs dial in; after the first start the same for every process that serves it. */
  port: number;

  private hostKey: string;

  constructor(private readonly options: SupervisorOptions) {
    this.hostKey = options.keys.hostKey;
    this.port = options.settings.port;
  }

  get hostKeyFingerprint(): string {
    return fingerprint(publicKeyOf(this.hostKey));
  }

  /** The process that serves now; absent while it is started anew. */
  get serving(): Serving | undefined {
    const { transport } = this.options.settings;
    return this.life && { pid: this.life.pid, nativeCrypto: this.life.nativeCrypto, transport };
  }

  /** Starts the first process. Throws `config.invalid` when tunnel.host or tunnel.port cannot be bound. */
  async start(): Promise<void> {
    const { runDir } = this.options.settings;
    await mkdir(runDir, { recursive: true, mode: 0o700 });
    this.channel = await ControlChannel.open(controlSocketIn(runDir));
    try {
      await this.begin(this.channel);
    } catch (error) {
      await this.channel.close();
      throw error;
    }
  }

  /** Tells the server that somebody may come in now. */
  async admit(): Promise<void> {
    await this.apply('when-it-can');
  }

  /** Tells the server that somebody may not come in any more: who may not is out when this settles, whatever it takes. */
  async shutOut(): Promise<void> {
    await this.apply('at-any-price');
  }

  /** Serves with another host key: the process starts anew, and every VMA dials again. */
  async useHostKey(hostKey: string): Promise<void> {
    // not while a process starts with the old one
    await this.tables.runExclusive(async () => {
      this.hostKey = hostKey;
      await this.life?.kill();
    });
  }

  /** Cuts the live connections of a VMA, so that it dials anew. */
  cut(vmaId: string): void {
    this.life?.send({ type: 'cut', id: vmaId });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.aborter.abort(new MigrationError('call.aborted', 'The appliance shuts down.'));
    clearTimeout(this.retry);
    await this.tables.runExclusive(async () => this.life?.stop());
    await this.channel?.close();
  }

  private async apply(how: 'when-it-can' | 'at-any-price'): Promise<void> {
    await this.tables.runExclusive(async () => {
      const identities = await this.options.identities();
      // a process that is being started gets the table of then
      await this.life?.apply(identities, how);
    });
  }

  private async begin(channel: ControlChannel): Promise<void> {
    await this.tables.runExclusive(async () => {
      const { runner, settings, identities, log } = this.options;
      const life = await ServerLife.begin({
        runner,
        channel,
        start: {
          host: settings.host,
          port: this.port,
          hostKey: this.hostKey,
          transport: settings.transport,
          opensshDir: settings.opensshDir,
        },
        identities: await identities(),
        onMessage: (message, from) => this.onMessage(message, from),
        signal: this.aborter.signal,
      });
      this.life = life;
      this.port = life.port;
      const beganMs = performance.now();
      void life.ended.then((how) => {
        if (performance.now() - beganMs > STEADY_MS) this.backoff.reset();
        this.onEnded(life, how, channel);
      });
      log.log(`The tunnel server listens on port ${life.port}.`);
      if (!life.nativeCrypto && settings.transport === 'ssh2')
        log.warn('ssh2 has no native cryptography here: the tunnel is about ten times slower.');
    });
  }

  private onEnded(life: ServerLife, how: string, channel: ControlChannel): void {
    if (this.life !== life) return;
    this.life = undefined;
    if (this.aborter.signal.aborted) return;
    this.options.log.warn(`The tunnel server has ended: ${how}`);
    this.options.onLost();
    this.restartSoon(channel);
  }

  private restartSoon(channel: ControlChannel): void {
    this.retry = setTimeout(() => {
      this.begin(channel).catch((error: unknown) => {
        if (this.aborter.signal.aborted) return;
        this.options.log.warn(`The tunnel server cannot be started: ${asMigrationError(error).message}`);
        this.restartSoon(channel);
      });
    }, this.backoff.next());
  }

  private onMessage(message: FromServer, from: ServerLife): void {
    switch (message.type) {
      case 'connected':
      case 'disconnected':
      case 'agent-listening':
      case 'refused':
      case 'traffic':
        // what a process said before it ended must not be taken for the present one's
        if (this.life === undefined || this.life === from) this.options.onEvent(message);
        break;
      case 'enrol':
        void this.answer(message, from);
    }
  }

  private async answer(
    { request, body, peer }: Extract<FromServer, { type: 'enrol' }>,
    from: ServerLife,
  ): Promise<void> {
    const answer = await this.options.enrol(body, peer).then(
      (value) => ({ value }),
      (error: unknown) => ({ problem: { ...toProblem(error) } }),
    );
    from.send({ type: 'enrol-answer', request, answer });
  }
}

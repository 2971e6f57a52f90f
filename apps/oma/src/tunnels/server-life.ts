import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { MigrationError, withDeadline, type Limited } from '@ossea/errors';
import type { ProcessRunner, RunningProcess } from '@ossea/process';
import type { ControlChannel } from './control-channel.js';
import type { FromServer, IdentityMessage, ServerStart, ToServer } from './server/control-messages.js';
import { writeMessage } from './server/message-lines.js';

const ENTRY = fileURLToPath(new URL('../../dist/tunnels/server/tunnel-server.process.js', import.meta.url));
const START_MS = 30_000;
const PING_EVERY_MS = 2_000;
/**
 * A server that leaves so many pings unanswered does not serve either. Counted, not timed: while this process itself
 * was busy, nobody was silent.
 */
const PINGS_UNANSWERED = 8;
/** A table is applied in microseconds, on a machine that has time. */
const APPLY_MS = 3_000;

export interface LifeOptions {
  readonly runner: ProcessRunner;
  readonly channel: ControlChannel;
  readonly start: Pick<ServerStart, 'host' | 'port' | 'hostKey' | 'transport' | 'opensshDir'>;
  readonly identities: readonly IdentityMessage[];
  readonly onMessage: (message: FromServer, life: ServerLife) => void;
  readonly signal: AbortSignal;
}

/** One process of the tunnel server, from its start to its end. */
export class ServerLife {
  port = 0;
  nativeCrypto = true;
  /** Settles when the process is gone, with what it said last. Never rejects. */
  readonly ended: Promise<string>;
  private over = false;
  private revision = 0;
  private unanswered = 0;
  private readonly applied = new Map<number, () => void>();
  private readonly watchdog: NodeJS.Timeout;

  private constructor(
    private readonly process: RunningProcess,
    private readonly control: Socket,
  ) {
    this.ended = process.exited.then(({ code, signal }) => {
      this.over = true;
      clearInterval(this.watchdog);
      control.destroy();
      return `${signal ?? `exit code ${code ?? 'unknown'}`} ${process.stderrTail().slice(-300)}`.trim();
    });
    this.watchdog = setInterval(() => this.watch(), PING_EVERY_MS).unref();
  }

  /**
   * Starts a process and comes back when it listens.
   * Throws `config.invalid` when the address cannot be bound, `config.*` when the transport cannot work here, and what the process runner throws.
   */
  static begin(options: LifeOptions): Promise<ServerLife> {
    return withDeadline(options.signal, START_MS, (limited) => ServerLife.beginWithin(options, limited));
  }

  private static async beginWithin(options: LifeOptions, limited: Limited): Promise<ServerLife> {
    const { runner, channel, start, identities } = options;
    const nonce = randomUUID();
    const over = new AbortController();
    const signal = AbortSignal.any([limited.signal, over.signal]);
    let life: ServerLife | undefined;
    let answered: (message: FromServer) => void = () => undefined;
    const outcome = new Promise<FromServer>((resolve) => (answered = resolve));
    const arrival = channel.expect(
      nonce,
      (message) => {
        if (message.type === 'listening' || message.type === 'failed') answered(message);
        else if (life) life.onMessage(message, options);
      },
      signal,
    );
    // whoever awaits it may come too late for a rejection
    arrival.catch(() => undefined);
    const input: ServerStart = { ...start, controlPath: channel.path, nonce };
    const child = await runner.start(
      {
        command: process.execPath,
        args: [ENTRY],
        name: 'tunnel server',
        readyWhen: 'spawned',
        stdin: JSON.stringify(input),
      },
      { signal },
    );
    const gone = child.exited.then(() => Promise.reject(endedEarly(child.stderrTail())));
    gone.catch(() => undefined);
    try {
      life = new ServerLife(child, await Promise.race([arrival, gone]));
      life.send({ type: 'identities', revision: 0, identities: [...identities] });
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
      const message = await Promise.race([outcome, gone, aborted]);
      if (message.type !== 'listening') throw cannotListen(message, start);
      life.port = message.port;
      life.nativeCrypto = message.nativeCrypto;
      return life;
    } catch (error) {
      await child[Symbol.asyncDispose]();
      if (limited.isOver() && error === signal.reason)
        throw new MigrationError(
          'process.not-ready',
          `The tunnel server did not listen after ${START_MS} ms.`,
        );
      throw error;
    } finally {
      over.abort();
    }
  }

  get pid(): number {
    return this.process.pid;
  }

  send(message: ToServer): void {
    writeMessage(this.control, message);
  }

  /**
   * Replaces the table. Settles when it counts, or when that takes too long.
   * @param how `at-any-price`: then a server that hangs is ended, which cuts everybody, who come back to its successor.
   */
  async apply(identities: readonly IdentityMessage[], how: 'when-it-can' | 'at-any-price'): Promise<void> {
    if (this.over) return;
    this.revision += 1;
    const { revision } = this;
    const done = new Promise<void>((resolve) => this.applied.set(revision, resolve));
    this.send({ type: 'identities', revision, identities: [...identities] });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), APPLY_MS)));
    const outcome = await Promise.race([done, late, this.ended]);
    clearTimeout(timer);
    this.applied.delete(revision);
    if (outcome === 'late' && how === 'at-any-price') await this.kill();
  }

  /** Ends it now: a hung process takes no notice of anything less. */
  async kill(): Promise<void> {
    if (!this.over) process.kill(this.process.pid, 'SIGKILL');
    await this.ended;
  }

  async stop(): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await this.ended;
  }

  private onMessage(message: FromServer, { onMessage }: LifeOptions): void {
    this.unanswered = 0;
    if (message.type === 'applied') this.applied.get(message.revision)?.();
    else if (message.type !== 'pong') onMessage(message, this);
  }

  private watch(): void {
    if (this.unanswered >= PINGS_UNANSWERED) void this.kill();
    else this.send({ type: 'ping', count: this.unanswered });
    this.unanswered += 1;
  }
}

function endedEarly(tail: string): MigrationError {
  return new MigrationError(
    'process.failed',
    `The tunnel server ended before it listened: ${tail.slice(-300)}`,
  );
}

function cannotListen(
  message: FromServer,
  { host, port }: Pick<ServerStart, 'host' | 'port'>,
): MigrationError {
  const { code, message: why } = message.type === 'failed' ? message : { code: 'unknown', message: '' };
  // what the transport says of this machine names the setting already
  if (code === 'config.invalid' || code === 'config.missing') return new MigrationError(code, why);
  const expected: Readonly<Record<string, string>> = {
    EADDRINUSE: `tunnel.port: expected a free port, ${port} on ${host} is in use.`,
    EACCES: `tunnel.port: expected a port that this process may listen on, ${port} is none.`,
    EADDRNOTAVAIL: `tunnel.host: expected an address of this machine, ${host} is none.`,
    ENOTFOUND: `tunnel.host: expected an address of this machine, ${host} is none.`,
  };
  return new MigrationError(
    'config.invalid',
    expected[code] ?? `tunnel.host, tunnel.port: the tunnel server cannot listen there: ${why}`,
  );
}

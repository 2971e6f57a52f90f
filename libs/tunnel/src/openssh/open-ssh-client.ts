import { EventEmitter } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import net, { type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MigrationError, asMigrationError } from '@ossea/errors';
import { createProcessRunner, type ProcessRunner, type RunningProcess } from '@ossea/process';
import { DEFAULT_ENDPOINTS, TUNNEL_USER } from '../algorithms.js';
import { Backoff } from '../backoff.js';
import { joinStreams } from '../join-streams.js';
import { formatPublicKey } from '../keys.js';
import { SshConnection } from '../ssh-connection.js';
import { readHostKey } from '../read-host-key.js';
import type {
  SourceTunnel,
  TunnelClientEvents,
  TunnelClientOptions,
  TunnelState,
  TunnelWay,
} from '../client-options.js';
import { writeDurably } from './key-files.js';
import { HOST_ALIAS, sshArguments, sshFailure } from './ssh-command.js';

const READY_MS = 10_000;
const LINES_KEPT = 50;

/**
 * The source side of the tunnel over the system's OpenSSH client: the same to its users as `TunnelClient`, but that its NBD
 * socket is there only while the tunnel is, and that there is one connection, because ssh owns the socket.
 */
export class OpenSshClient extends EventEmitter<TunnelClientEvents> implements SourceTunnel {
  private readonly aborter = new AbortController();
  private readonly runner: ProcessRunner;
  private readonly directory: string;
  private readonly locals = new Set<Socket>();
  private process: RunningProcess | undefined;
  private up = false;
  private lastError: MigrationError | undefined;
  private loop: Promise<void> = Promise.resolve();
  private listener: net.Server | undefined;
  private waiting: (() => void)[] = [];
  nbdPort: number | undefined;

  constructor(private readonly options: TunnelClientOptions) {
    super();
    this.runner = options.openSsh?.runner ?? createProcessRunner();
    this.directory = options.openSsh?.directory ?? join(dirname(options.nbdSocketPath), 'ssh');
  }

  get state(): TunnelState {
    const state = this.up ? 'up' : 'down';
    return {
      state,
      connections: this.up ? 1 : 0,
      ...(this.up || !this.lastError ? {} : { error: this.lastError }),
    };
  }

  get connections(): readonly TunnelWay[] {
    if (!this.up) return [];
    return [{ closesWhenRefused: true, openNbd: () => connectLocal(this.options.nbdSocketPath) }];
  }

  /** Writes the key for ssh and begins to dial. Rejects with `config.invalid` or when a socket cannot be bound. */
  async start(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    this.writeKey(this.options.privateKey);
    // what is wrong with the arguments is wrong at every attempt
    this.sshArguments();
    if (this.options.nbdPort !== undefined) await this.bind(this.options.nbdPort);
    this.loop = this.keepConnected();
  }

  async ready(signal: AbortSignal): Promise<void> {
    while (!this.up) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** ssh holds the sockets, so the old one ends first. */
  async useKey(privateKey: string): Promise<void> {
    const probe = await SshConnection.dial(
      { ...this.options, privateKey, username: TUNNEL_USER },
      this.aborter.signal,
    );
    probe.destroy();
    this.writeKey(privateKey);
    this.restart();
  }

  restart(): void {
    void this.process?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.aborter.abort();
    this.wake();
    for (const socket of this.locals) socket.destroy();
    this.restart();
    await this.loop;
    await new Promise<void>((resolve) => (this.listener ? this.listener.close(() => resolve()) : resolve()));
    await rm(this.directory, { recursive: true, force: true });
    await rm(this.options.nbdSocketPath, { force: true });
  }

  private async keepConnected(): Promise<void> {
    const backoff = this.options.backoff?.() ?? new Backoff();
    const { signal } = this.aborter;
    while (!signal.aborted) {
      try {
        await this.pinHostKey(signal);
        await this.connect(signal, backoff);
      } catch (error) {
        if (signal.aborted) return;
        this.changed(false, asMigrationError(error, 'tunnel.down'));
      }
      await pause(backoff.next(), undefined, { signal }).catch(() => undefined);
    }
  }

  /** ssh knows hosts by keys and we know the key's fingerprint: the key is asked for, and must be the one. */
  private async pinHostKey(signal: AbortSignal): Promise<void> {
    const key = formatPublicKey(await readHostKey(this.options, signal));
    writeDurably(this.directory, 'known_hosts', `${HOST_ALIAS} ${key}\n`, 0o600);
  }

  /** One life of ssh, from its start to its end. */
  private async connect(signal: AbortSignal, backoff: Backoff): Promise<void> {
    await rm(this.options.nbdSocketPath, { force: true });
    const lines: string[] = [];
    let entered = false;
    let listens = this.options.agent === undefined;
    const onStderrLine = (line: string) => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      if (line.startsWith('debug1: Entering interactive session')) entered = true;
      if (line.startsWith('debug1: remote forward success for: ')) listens = true;
      if (this.up || !entered || !listens) return;
      backoff.reset();
      this.changed(true, undefined);
      this.wake();
    };
    const child = await this.runner.start(
      { command: 'ssh', args: this.sshArguments(), name: 'ssh', readyWhen: 'spawned', onStderrLine },
      { signal },
    );
    this.process = child;
    try {
      if (signal.aborted) await child[Symbol.asyncDispose]();
      await child.exited;
    } finally {
      this.process = undefined;
      for (const socket of this.locals) socket.destroy();
    }
    const wasUp = this.up;
    this.changed(false, wasUp ? undefined : sshFailure(lines, this.options));
  }

  private writeKey(privateKey: string): void {
    writeDurably(this.directory, 'key', privateKey.endsWith('\n') ? privateKey : `${privateKey}\n`, 0o600);
  }

  private sshArguments(): string[] {
    const { host, port, nbdSocketPath, agent, endpoints = DEFAULT_ENDPOINTS, readyTimeoutMs } = this.options;
    return sshArguments({
      host,
      port,
      identityFile: join(this.directory, 'key'),
      knownHostsFile: join(this.directory, 'known_hosts'),
      nbdSocketPath,
      agent,
      endpoints,
      connectTimeoutMs: readyTimeoutMs ?? READY_MS,
    });
  }

  /** The same NBD on the loopback, for other clients: ours, so that any free port will do. */
  private async bind(port: number): Promise<void> {
    const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      this.locals.add(socket);
      socket.once('close', () => this.locals.delete(socket));
      socket.on('error', () => socket.destroy());
      const inner = net.connect({ path: this.options.nbdSocketPath });
      inner.once('error', () => socket.destroy());
      inner.once('connect', () => {
        if (socket.destroyed) inner.destroy();
        else joinStreams(inner, socket);
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
    this.listener = server;
    this.nbdPort = (server.address() as net.AddressInfo).port;
  }

  private changed(up: boolean, error: MigrationError | undefined): void {
    this.up = up;
    this.lastError = error;
    this.emit('state', this.state);
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

function connectLocal(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}

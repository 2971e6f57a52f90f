import './channel-window.js';
import './packet-padding.js';
import net, { type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MigrationError } from '@ossea/errors';
import ssh2, {
  type AcceptConnection,
  type Client,
  type ClientChannel,
  type RejectConnection,
  type TcpConnectionDetails,
} from 'ssh2';
import { ALGORITHMS, KEEPALIVE } from './algorithms.js';
import { gatherWrites } from './gather-writes.js';
import { fingerprint } from './keys.js';
import { watchSilence } from './silence-watch.js';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** OpenSSH private key, Ed25519. */
  readonly privateKey: string;
  /** The only host key that is accepted: `SHA256:…`. */
  readonly hostKeyFingerprint: string;
  /** Milliseconds for TCP, key exchange and authentication together; 10 000 unless told. */
  readonly readyTimeoutMs?: number;
}

/** One authenticated SSH connection to the tunnel server. */
export class SshConnection {
  /** Settles when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;

  private constructor(
    private readonly client: Client,
    private readonly socket: Socket,
  ) {
    this.closed = new Promise((resolve) => client.once('close', () => resolve()));
  }

  get bytes(): number {
    return this.socket.bytesRead + this.socket.bytesWritten;
  }

  /**
   * Dials, checks the host key and authenticates.
   * @throws `tunnel.host-key-changed`, `auth.rejected`, `peer.unreachable` or `call.aborted`.
   */
  static dial(options: DialOptions, signal: AbortSignal): Promise<SshConnection> {
    const { readyTimeoutMs = 10_000, host, port } = options;
    const client = new ssh2.Client();
    const socket = net.connect({ host, port, noDelay: true });
    gatherWrites(socket);
    const connection = new SshConnection(client, socket);
    return new Promise((resolve, reject) => {
      let seen: string | undefined;
      const fail = (error: MigrationError) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        socket.destroy();
        reject(error);
      };
      const unreachable = (why: string) =>
        fail(new MigrationError('peer.unreachable', `The tunnel to ${host}:${port} did not come up: ${why}`));
      const onAbort = () => fail(new MigrationError('call.aborted', 'Dialling was aborted.'));
      const timer = setTimeout(() => unreachable(`no answer within ${readyTimeoutMs} ms`), readyTimeoutMs);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });

      client.on('error', (error) => {
        if (seen !== undefined && seen !== options.hostKeyFingerprint)
          fail(
            new MigrationError('tunnel.host-key-changed', 'The tunnel server shows another host key.', {
              context: { expected: options.hostKeyFingerprint, seen },
            }),
          );
        else if (error.level === 'client-authentication')
          fail(
            new MigrationError(
              'auth.rejected',
              `The tunnel server does not accept our key for ${options.username}.`,
            ),
          );
        else unreachable(error.message);
      });
      client.once('close', () => unreachable('the connection was closed'));
      client.once('ready', () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        client.setNoDelay(true);
        watchSilence(socket);
        resolve(connection);
      });
      // before it is connected the socket's errors reach nobody else
      socket.once('error', (error) => unreachable(error.message));
      socket.once('connect', () =>
        client.connect({
          sock: socket,
          username: options.username,
          privateKey: options.privateKey,
          algorithms: ALGORITHMS,
          ...KEEPALIVE,
          readyTimeout: readyTimeoutMs,
          hostVerifier: (key: Buffer) => {
            seen = fingerprint(key);
            return seen === options.hostKeyFingerprint;
          },
        }),
      );
    });
  }

  /**
   * Opens a channel to one of the server's two addresses. Throws `tunnel.down` when it is refused; `context.refused`
   * says that the server itself did, which a connection that carries nothing cannot.
   */
  open(address: { readonly host: string; readonly port: number }): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const fail = (why: string, refused = false) =>
        reject(
          new MigrationError('tunnel.down', `The tunnel server refused the channel: ${why}`, {
            context: { refused },
          }),
        );
      try {
        this.client.forwardOut('127.0.0.1', 0, address.host, address.port, (error, channel) =>
          error ? fail(error.message, 'reason' in error) : resolve(channel),
        );
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
    });
  }

  /** Opens a session channel for one of the server's subsystems. Throws `tunnel.down` when it is refused. */
  subsystem(name: string): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.client.subsys(name, (error, channel) =>
        error
          ? reject(new MigrationError('tunnel.down', `The tunnel server refused ${name}: ${error.message}`))
          : resolve(channel),
      );
    });
  }

  /**
   * Asks the server to listen for calls to the agent, and hands each call to `onCall`.
   * @param onCall connects to the agent; its rejection refuses the call.
   */
  listen(
    address: { readonly host: string; readonly port: number },
    onCall: (accept: () => Duplex | undefined) => Promise<void>,
  ): Promise<void> {
    const onConnection = (
      info: TcpConnectionDetails,
      accept: AcceptConnection<ClientChannel>,
      reject: RejectConnection,
    ): void => {
      if (info.destIP !== address.host || info.destPort !== address.port) return reject();
      onCall(() => accept()).catch(() => reject());
    };
    this.client.on('tcp connection', onConnection);
    return new Promise((resolve, reject) => {
      this.client.forwardIn(address.host, address.port, (error) => {
        if (!error) return resolve();
        this.client.removeListener('tcp connection', onConnection);
        reject(new MigrationError('tunnel.down', error.message));
      });
    });
  }

  /**
   * Asks the server to listen no more (RFC 4254, section 7.1, `cancel-tcpip-forward`); calls under way go on. Throws
   * `tunnel.down` when it does not listen for us.
   */
  unlisten({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.client.unforwardIn(host, port, (error) =>
        error ? reject(new MigrationError('tunnel.down', error.message)) : resolve(),
      );
    });
  }

  /** Cuts the connection; its channels end at once. */
  destroy(): void {
    this.socket.destroy();
  }
}

import net from 'node:net';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import ssh2 from 'ssh2';
import { ALGORITHMS, TUNNEL_USER } from './algorithms.js';
import { fingerprint } from './keys.js';
import type { DialOptions } from './ssh-connection.js';

/**
 * Asks a server for its host key and hangs up; nobody logs in.
 * @returns the key in wire form. @throws `tunnel.host-key-changed`, `peer.unreachable` or `call.aborted`.
 */
export async function readHostKey(
  options: Pick<DialOptions, 'host' | 'port' | 'hostKeyFingerprint' | 'readyTimeoutMs'>,
  signal: AbortSignal,
): Promise<Buffer> {
  throwIfAborted(signal);
  const socket = net.connect({ host: options.host, port: options.port, noDelay: true });
  const hangUp = () => socket.destroy();
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    const key = await shownKey(socket, options);
    const seen = fingerprint(key);
    if (seen === options.hostKeyFingerprint) return key;
    throw new MigrationError('tunnel.host-key-changed', 'The tunnel server shows another host key.', {
      context: { expected: options.hostKeyFingerprint, seen },
    });
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    signal.removeEventListener('abort', hangUp);
    hangUp();
  }
}

function shownKey(
  socket: net.Socket,
  { host, port, readyTimeoutMs = 10_000 }: Pick<DialOptions, 'host' | 'port' | 'readyTimeoutMs'>,
): Promise<Buffer> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    const unreachable = (why: string) =>
      reject(new MigrationError('peer.unreachable', `The tunnel to ${host}:${port} did not come up: ${why}`));
    socket.on('error', (error) => unreachable(error.message));
    socket.once('close', () => unreachable('the connection was closed'));
    socket.setTimeout(readyTimeoutMs, () => unreachable(`no answer within ${readyTimeoutMs} ms`));
    client.on('error', (error) => unreachable(error.message));
    socket.once('connect', () =>
      client.connect({
        sock: socket,
        username: TUNNEL_USER,
        algorithms: ALGORITHMS,
        readyTimeout: readyTimeoutMs,
        hostVerifier: (shown: Buffer) => {
          resolve(shown);
          return false;
        },
      }),
    );
  });
}

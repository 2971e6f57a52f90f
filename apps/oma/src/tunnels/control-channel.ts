import { chmod, rm } from 'node:fs/promises';
import net, { type Socket } from 'node:net';
import { FromServer } from './server/control-messages.js';
import { readMessages } from './server/message-lines.js';

/** Time for a caller to say who it is. */
const HELLO_MS = 5_000;

interface Expected {
  readonly onMessage: (message: FromServer) => void;
  readonly arrived: (socket: Socket) => void;
}

/** This process's end of the line to its tunnel server: one Unix socket that outlives every server process. */
export class ControlChannel {
  private readonly expected = new Map<string, Expected>();
  private readonly sockets = new Set<Socket>();
  private readonly server = net.createServer((socket) => this.onSocket(socket));

  private constructor(readonly path: string) {}

  /** @param path in a directory that is ours alone. Rejects with the system's error. */
  static async open(path: string): Promise<ControlChannel> {
    const channel = new ControlChannel(path);
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      channel.server.once('error', reject);
      channel.server.listen(path, () => {
        channel.server.removeListener('error', reject);
        resolve();
      });
    });
    await chmod(path, 0o600);
    return channel;
  }

  /**
   * Resolves with the line to the process that says this nonce; whoever says anything else is turned away.
   * @param onMessage told everything that it says afterwards.
   */
  expect(nonce: string, onMessage: (message: FromServer) => void, signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.expected.delete(nonce);
        reject(signal.reason as Error);
      };
      if (signal.aborted) return giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      const arrived = (socket: Socket) => {
        this.expected.delete(nonce);
        signal.removeEventListener('abort', giveUp);
        resolve(socket);
      };
      this.expected.set(nonce, { onMessage, arrived });
    });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private onSocket(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
    const timer = setTimeout(() => socket.destroy(), HELLO_MS).unref();
    let peer: Expected | undefined;
    readMessages(socket, FromServer, (message) => {
      if (peer) return peer.onMessage(message);
      peer = message.type === 'hello' ? this.expected.get(message.nonce) : undefined;
      clearTimeout(timer);
      if (peer) peer.arrived(socket);
      else socket.destroy();
    });
  }
}

import { chownSync, rmSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { serveEnrolChannel } from '../enrol-channel.js';
import { normalisePublicKey } from '../keys.js';
import type { EnrolPeer } from '../server-options.js';
import type { Account } from './accounts.js';

const HELLO_MS = 10_000;
/** A key line's base64 and the line feed. */
const HELLO_BYTES = 69;

/** Where the bridge that user `enroll` runs reaches us. Only that OS user can connect. */
export class EnrolDoor {
  private readonly sockets = new Set<Socket>();
  private readonly server = net.createServer((socket) => this.onSocket(socket));

  private constructor(
    private readonly enrol: (request: unknown, peer: EnrolPeer) => Promise<unknown>,
    private readonly peerOf: (publicKey: string) => EnrolPeer | undefined,
  ) {}

  /**
   * @param peerOf the connection that has proven, as user `enroll`, to hold a key; without one the bridge is not heard.
   */
  static async open(
    path: string,
    account: Account,
    enrol: (request: unknown, peer: EnrolPeer) => Promise<unknown>,
    peerOf: (publicKey: string) => EnrolPeer | undefined,
  ): Promise<EnrolDoor> {
    const door = new EnrolDoor(enrol, peerOf);
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      door.server.once('error', reject);
      door.server.listen(path, () => resolve());
    });
    chownSync(path, account.uid, account.gid);
    return door;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** The bridge says first which key sshd has let in; then the channel is the VMA's. */
  private onSocket(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), HELLO_MS).unref();
    let received = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\n');
      if (end < 0 && received.length < HELLO_BYTES) return;
      clearTimeout(timer);
      socket.removeListener('data', onData).pause();
      const peer = end < 0 ? undefined : this.peerIn(received.toString('latin1', 0, end));
      if (!peer) return void socket.destroy();
      socket.unshift(received.subarray(end + 1));
      serveEnrolChannel(socket, (request) => this.enrol(request, peer));
      socket.resume();
    };
    socket.on('data', onData);
  }

  private peerIn(key: string): EnrolPeer | undefined {
    try {
      return this.peerOf(normalisePublicKey(`ssh-ed25519 ${key}`));
    } catch {
      return undefined;
    }
  }
}

import { chownSync, rmSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { serveEnrolChannel } from '../enrol-channel.js';
import { normalisePublicKey } from '../keys.js';
import type { EnrolPeer } from '../server-options.js';
import type { Account } from './accounts.js';

const HELLO_MS = 10_000;
const PROVEN_MS = 5_000;
const LOOK_EVERY_MS = 20;
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
      if (end < 0) return void socket.destroy();
      void this.serve(socket, received.toString('latin1', 0, end), received.subarray(end + 1));
    };
    socket.on('data', onData);
  }

  private async serve(socket: Socket, key: string, rest: Buffer): Promise<void> {
    const peer = await this.peerIn(key, socket);
    if (!peer) return void socket.destroy();
    if (rest.length > 0) socket.unshift(rest);
    serveEnrolChannel(socket, (request) => this.enrol(request, peer));
    socket.resume();
  }

  /**
   * Who the bridge speaks for. On a busy machine it is here before we have seen that sshd let its key in: that is
   * looked for a while.
   */
  private async peerIn(key: string, socket: Socket): Promise<EnrolPeer | undefined> {
    let publicKey: string;
    try {
      publicKey = normalisePublicKey(`ssh-ed25519 ${key}`);
    } catch {
      return undefined;
    }
    for (const endMs = performance.now() + PROVEN_MS; ;) {
      const peer = this.peerOf(publicKey);
      if (peer || socket.destroyed || performance.now() > endMs) return peer;
      await pause(LOOK_EVERY_MS);
    }
  }
}

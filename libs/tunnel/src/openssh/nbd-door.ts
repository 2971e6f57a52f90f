import net, { type Socket } from 'node:net';
import { gatherWrites } from '../gather-writes.js';
import { joinStreams } from '../join-streams.js';
import { peerUser } from './loopback-sockets.js';

/** One VMA's loopback number: what its sshd connects to, and nobody else may. It leads to its own storage daemon alone. */
export class NbdDoor {
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly port: number,
    readonly nbdSocketPath: string,
    private readonly server: net.Server,
  ) {}

  /**
   * @param options.mayPass whether one more channel is within the limits.
   * Rejects with the system's error when the port cannot be bound.
   */
  static async open(
    port: number,
    nbdSocketPath: string,
    options: {
      readonly tunnelUid: number;
      readonly mayPass: (open: number) => boolean;
      readonly refused: (what: string) => void;
    },
  ): Promise<NbdDoor> {
    const server = net.createServer({ pauseOnConnect: true, noDelay: true });
    const door = new NbdDoor(port, nbdSocketPath, server);
    server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      if (!options.mayPass(door.sockets.size)) {
        options.refused('channel limit');
        return socket.destroy();
      }
      door.sockets.add(socket);
      socket.once('close', () => door.sockets.delete(socket));
      peerUser(port, socket.remotePort ?? 0).then(
        (uid) => {
          if (uid === options.tunnelUid) return door.join(socket, options.refused);
          options.refused('a local process at the NBD port');
          socket.destroy();
        },
        () => socket.destroy(),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    return door;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private join(socket: Socket, refused: (what: string) => void): void {
    const daemon = net.connect({ path: this.nbdSocketPath });
    gatherWrites(daemon);
    daemon.once('error', () => {
      refused('the storage daemon does not answer');
      socket.destroy();
    });
    daemon.once('connect', () => {
      if (socket.destroyed) daemon.destroy();
      else joinStreams(daemon, socket);
    });
  }
}

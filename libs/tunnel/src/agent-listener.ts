import { renameSync, rmSync, statSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { joinStreams } from './join-streams.js';
import type { TunnelIdentity } from './server-options.js';

/** Makes the names under which sockets are bound unique in this process. */
let bindings = 0;

/** The server's end of one VMA's agent API: a Unix socket and, or, a loopback port of that VMA alone. */
export class AgentListener {
  private readonly servers: net.Server[] = [];
  private readonly sockets = new Set<net.Socket>();
  private socketFile: { readonly path: string; readonly inode: bigint } | undefined;
  port: number | undefined;

  private constructor(private readonly identity: TunnelIdentity) {}

  /**
   * @param open opens a channel to the agent; its errors end the caller's connection.
   * Rejects with the system's error when a listener cannot be bound. Beside a Unix socket the port is a convenience:
   * another program that holds it must not keep the VMA out, so then `port` is absent.
   * @param stillOurs whether no newer connection of the VMA has claimed the socket meanwhile; if one has, this rejects.
   */
  static async listen(
    identity: TunnelIdentity,
    open: (remotePort: number) => Promise<Duplex>,
    stillOurs: () => boolean = () => true,
  ): Promise<AgentListener> {
    const listener = new AgentListener(identity);
    const onSocket = (socket: net.Socket) => {
      listener.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => listener.sockets.delete(socket));
      open(socket.remotePort ?? 0).then(
        (channel) => joinStreams(socket, channel),
        () => socket.destroy(),
      );
    };
    try {
      if (identity.agentSocketPath !== undefined) {
        bindings += 1;
        const path = `${identity.agentSocketPath}.${bindings}`;
        await rm(path, { force: true });
        await listener.bind(onSocket, { path });
        await chmod(path, 0o600);
        listener.takeSocketFile(path, identity.agentSocketPath, stillOurs);
      }
      if (identity.agentPort !== undefined) {
        const bound = listener.bind(onSocket, { port: identity.agentPort, host: '127.0.0.1' });
        const server = await (identity.agentSocketPath === undefined ? bound : bound.catch(() => undefined));
        if (server) listener.port = (server.address() as net.AddressInfo).port;
      }
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  /** Ends all calls and frees the listeners. Closing twice is harmless. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.removeSocketFile();
    await Promise.all(
      this.servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  /** In one turn, so that of two connections of a VMA the one that asked last has it. */
  private takeSocketFile(bound: string, path: string, stillOurs: () => boolean): void {
    if (!stillOurs()) throw new Error('a newer connection has claimed the socket');
    this.socketFile = { path, inode: statSync(bound, { bigint: true }).ino };
    renameSync(bound, path);
  }

  /** Unless it is somebody else's by now: then theirs must stay. */
  private removeSocketFile(): void {
    const { path, inode } = this.socketFile ?? {};
    this.socketFile = undefined;
    if (path === undefined) return;
    if (statSync(path, { bigint: true, throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true });
  }

  private bind(onSocket: (socket: net.Socket) => void, where: net.ListenOptions): Promise<net.Server> {
    const server = net.createServer({ pauseOnConnect: true, noDelay: true }, onSocket);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.removeListener('error', reject);
        this.servers.push(server);
        resolve(server);
      });
    });
  }
}

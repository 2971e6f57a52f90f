import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { MigrationError } from '@ossea/errors';

/**
 * Leads from a Unix socket to a TCP port, bytes only: TLS stays between the two ends, and the relay can neither read
 * nor change anything. It lets curl connect to one place and check the certificate for another name.
 */
export class BlindRelay implements AsyncDisposable {
  private readonly sockets = new Set<Socket>();
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly server: Server,
    to: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (near: Socket) => {
      const far = connect({ ...to, allowHalfOpen: true, noDelay: true });
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.once('close', () => this.sockets.delete(socket));
      }
      // an end or an error of one side reaches the other one, which is all that either can be told
      const done = (): void => undefined;
      pipeline(near, far, done);
      pipeline(far, near, done);
    });
  }

  static async open(path: string, to: { readonly host: string; readonly port: number }): Promise<BlindRelay> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(new MigrationError('process.failed', 'A relay to the server cannot be opened.', { cause })),
      );
      server.listen(path, resolve);
    });
    return new BlindRelay(server, to);
  }

  /** Cuts what is still connected. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.closing ??= new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      for (const socket of this.sockets) socket.destroy();
    }));
  }
}

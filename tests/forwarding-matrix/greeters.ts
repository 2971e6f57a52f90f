import net from 'node:net';

/** A listener that says who it is, then echoes, and counts who came. */
export interface Greeter {
  readonly name: string;
  readonly port: number;
  visits(): number;
  close(): Promise<void>;
}

export async function greet(name: string, where: net.ListenOptions): Promise<Greeter> {
  let visits = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    visits += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.write(`I am ${name}\n`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  const address = server.address();
  return {
    name,
    port: typeof address === 'object' && address ? address.port : 0,
    visits: () => visits,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const LINE_WITHIN_MS = 2_000;

/** The first line that a stream brings; `undefined` when it ends without one, or stays silent for two seconds. */
export function firstLineOf(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const end = (line?: string) => {
      clearTimeout(timer);
      resolve(line);
    };
    const timer = setTimeout(end, LINE_WITHIN_MS);
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) end(text.slice(0, text.indexOf('\n')));
    });
    for (const event of ['close', 'end', 'error']) stream.on(event, () => end());
  });
}

/** The same from a connection of its own, which is closed afterwards. */
export async function firstLineAt(where: net.NetConnectOpts): Promise<string | undefined> {
  const socket = net.connect(where);
  try {
    return await firstLineOf(socket);
  } finally {
    socket.destroy();
  }
}

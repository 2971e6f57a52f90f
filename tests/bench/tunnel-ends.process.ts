// One end of our tunnel in a process of its own, as in the product: `server` or `client`, options as JSON on stdin.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { TunnelClient, TunnelServer, publicKeyOf } from '@ossea/tunnel';

interface Options {
  readonly hostKey: string;
  readonly fingerprint: string;
  readonly vmaKey: string;
  readonly port: number;
  readonly nbdSocketPath: string;
  readonly connections: number;
}
const options = JSON.parse(readFileSync(0, 'utf8')) as Options;
const tell = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

if (process.argv[2] === 'server') {
  const publicKey = publicKeyOf(options.vmaKey);
  const server = new TunnelServer({
    hostKey: options.hostKey,
    identify: (key) =>
      key === publicKey ? { id: 'bench', publicKey, nbdSocketPath: options.nbdSocketPath } : undefined,
  });
  tell({ port: (await server.listen({ port: 0, host: '127.0.0.1' })).port });
} else {
  const client = new TunnelClient({
    host: '127.0.0.1',
    port: options.port,
    privateKey: options.vmaKey,
    hostKeyFingerprint: options.fingerprint,
    nbdSocketPath: options.nbdSocketPath,
    connections: options.connections,
  });
  await client.start();
  await client.ready(AbortSignal.timeout(15_000));
  tell({ ready: true });
}
// ends with its starter
net.createServer().listen(0, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));

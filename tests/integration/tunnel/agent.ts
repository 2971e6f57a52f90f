import http from 'node:http';
import net from 'node:net';
import { AGENT_PROOF_PATH, signAgentProof, type KeyPair } from '@ossea/tunnel';

/** An agent's API as far as the tunnel cares: proves itself with its VMA's key, and says its name. */
export async function startAgent(
  where: net.ListenOptions,
  name: string,
  { key, id }: { readonly key: KeyPair; readonly id: string },
): Promise<() => Promise<void>> {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://agent');
    const body =
      url.pathname === AGENT_PROOF_PATH
        ? JSON.stringify({
            signature: signAgentProof(key.privateKey, id, url.searchParams.get('nonce') ?? ''),
          })
        : `I am ${name}`;
    response.setHeader('content-length', Buffer.byteLength(body));
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(where, () => resolve()));
  return () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    return closed;
  };
}

/** What the agent says at the server's end, a Unix socket or a loopback port. Rejects where it cannot be reached. */
export function agentSays(where: string | number): Promise<string> {
  const address = typeof where === 'string' ? { socketPath: where } : { host: '127.0.0.1', port: where };
  return new Promise((resolve, reject) => {
    const request = http.request({ ...address, path: '/who', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

/** Loopback ports that nobody holds now, outside of the range that the system gives away by itself. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = net.createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free && !found.includes(port)) found.push(port);
  }
  return found;
}

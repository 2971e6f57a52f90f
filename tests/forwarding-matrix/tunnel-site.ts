import { join } from 'node:path';
import {
  TUNNEL_USER,
  ENROL_USER,
  AGENT_ADDRESS,
  NBD_ADDRESS,
  TunnelServer,
  generateKeyPair,
} from '@ossea/tunnel';
import type { TunnelIdentity } from '@ossea/tunnel';
import { freePort } from '../stack/free-port.js';
import { until } from '../stack/probe.js';
import { greet } from './greeters.js';
import { otherKey, writeKey } from './keys.js';
import { ENROLMENT_GREETING, type MatrixKey, type MatrixSite, type MatrixVma } from './matrix-site.js';
import { logIn } from './raw-client.js';

/** Our own server in this process: every VMA asks for the same two numbers, and its key decides what they mean. */
export async function openSsh2Site(directory: string): Promise<MatrixSite> {
  const known = new Map<string, { readonly identity: TunnelIdentity; readonly expiresAt?: Date }>();
  const host = generateKeyPair();
  const server = new TunnelServer({
    hostKey: host.privateKey,
    identify: (publicKey) => {
      const { identity, expiresAt } = known.get(publicKey) ?? {};
      return expiresAt && expiresAt.getTime() <= Date.now() ? undefined : identity;
    },
    enrol: () => Promise.resolve({ greeting: ENROLMENT_GREETING }),
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const greeters = await Promise.all(
    ['a', 'b'].map((id) => greet(`the NBD server of ${id}`, { path: join(directory, `nbd-${id}`) })),
  );

  async function approve(id: string, nbd: string, expiresAt?: Date) {
    const { privateKey, publicKey } = generateKeyPair();
    const agentPort = await freePort();
    const identity = { id, publicKey, nbdSocketPath: join(directory, `nbd-${nbd}`), agentPort };
    known.set(publicKey, { identity, ...(expiresAt ? { expiresAt } : {}) });
    return { ...(await writeKey(directory, id, privateKey)), publicKey, agentPort };
  }
  async function vma(id: string): Promise<MatrixVma> {
    const { agentPort, ...key } = await approve(id, id);
    return {
      ...key,
      id,
      nbdPort: NBD_ADDRESS.port,
      agentPort: AGENT_ADDRESS.port,
      nbdPayload: `I am the NBD server of ${id}`,
      agentEndpoint: { port: agentPort, host: '127.0.0.1' },
      agentListeners: [`127.0.0.1:${agentPort}`],
    };
  }
  async function revoked(): Promise<MatrixKey> {
    const key = await approve('revoked', 'a');
    const method = { type: 'publickey', username: TUNNEL_USER, key: key.privateKey } as const;
    const client = await logIn({ port, username: TUNNEL_USER, method });
    client.on('error', () => undefined);
    known.delete(key.publicKey);
    server.revoke('revoked');
    await until('the revoked VMA is cut', () => !server.connected().has('revoked'), { everyMs: 10 });
    client.destroy();
    return key;
  }

  return {
    transport: 'ssh2',
    port,
    hostKey: host.publicKey,
    nulAtTheEndIsIgnored: false,
    subsystemsAreCommands: false,
    users: { vma: TUNNEL_USER, enrol: ENROL_USER },
    vmas: [await vma('a'), await vma('b')],
    keys: {
      expired: await approve('expired', 'a', new Date(Date.now() - 1_000)),
      revoked: await revoked(),
      unknown: await writeKey(directory, 'unknown', generateKeyPair().privateKey),
      enrolling: await writeKey(directory, 'enrolling', generateKeyPair().privateKey),
      rsa: await otherKey(directory, 'rsa'),
      ecdsa: await otherKey(directory, 'ecdsa'),
    },
    processes: () => [process.pid],
    async [Symbol.asyncDispose]() {
      await server.close();
      await Promise.all(greeters.map((greeter) => greeter.close()));
    },
  };
}

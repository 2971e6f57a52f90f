import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  TUNNEL_USER,
  ENROL_USER,
  AGENT_ADDRESS,
  NBD_ADDRESS,
  generateKeyPair,
  openTunnelServer,
} from '@ossea/tunnel';
import type { TunnelIdentity, TunnelKind } from '@ossea/tunnel';
import { familyOf } from '../bench/meter.js';
import { freePort } from '../stack/free-port.js';
import { openSshGround } from '../stack/openssh-ground.js';
import { until } from '../stack/probe.js';
import { greet } from './greeters.js';
import { otherKey, writeKey } from './keys.js';
import { ENROLMENT_GREETING, type MatrixKey, type MatrixSite, type MatrixVma } from './matrix-site.js';
import { logIn } from './raw-client.js';

/**
 * A tunnel server over one transport. Over ssh2 it is in this process and every VMA asks for the same two numbers: its
 * key decides what they mean. Over OpenSSH every VMA has numbers of its own.
 */
export async function openTunnelSite(transport: TunnelKind, directory: string): Promise<MatrixSite> {
  const overOpenSsh = transport === 'openssh';
  const known = new Map<string, { readonly identity: TunnelIdentity; readonly expiresAt?: Date }>();
  const host = generateKeyPair();
  const ground = overOpenSsh ? await openSshGround() : undefined;
  const server = openTunnelServer(transport, {
    ...(ground ? { openSsh: ground.settings } : {}),
    identities: () =>
      [...known.values()].map(({ identity, expiresAt }) => ({
        ...identity,
        ...(expiresAt ? { expiresAt } : {}),
      })),
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
    const nbdPort = overOpenSsh ? await freePort() : undefined;
    const identity = {
      id,
      publicKey,
      nbdSocketPath: join(directory, `nbd-${nbd}`),
      agentPort,
      ...(nbdPort === undefined ? {} : { nbdPort }),
    };
    known.set(publicKey, { identity, ...(expiresAt ? { expiresAt } : {}) });
    await server.refresh();
    return { ...(await writeKey(directory, id, privateKey)), publicKey, agentPort, nbdPort };
  }
  async function vma(id: string): Promise<MatrixVma> {
    const { agentPort, nbdPort, ...key } = await approve(id, id);
    return {
      ...key,
      id,
      nbdPort: nbdPort ?? NBD_ADDRESS.port,
      agentPort: overOpenSsh ? agentPort : AGENT_ADDRESS.port,
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
    await server.refresh();
    server.revoke('revoked');
    await until('the revoked VMA is cut', () => !server.connected().has('revoked'), { everyMs: 10 });
    client.destroy();
    return key;
  }

  return {
    transport,
    port,
    hostKey: host.publicKey,
    nulAtTheEndIsIgnored: overOpenSsh,
    subsystemsAreCommands: overOpenSsh,
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
    processes: () => [process.pid, ...(overOpenSsh ? familyOf(process.pid).filter(isSshd) : [])],
    async [Symbol.asyncDispose]() {
      await server.close();
      await ground?.[Symbol.asyncDispose]();
      await Promise.all(greeters.map((greeter) => greeter.close()));
    },
  };
}

/** A process may end while it is looked at. */
function isSshd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('sshd');
  } catch {
    return false;
  }
}

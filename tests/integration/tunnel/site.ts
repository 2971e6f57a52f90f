import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AGENT_ADDRESS,
  NBD_ADDRESS,
  openTunnelClient,
  openTunnelServer,
  fingerprint,
  generateKeyPair,
  type KeyPair,
  type TunnelClientOptions,
  type SourceTunnel,
  type TunnelEndpoints,
  type TunnelIdentity,
  type TunnelKind,
  type TunnelServerOptions,
  type TunnelTransport,
} from '@ossea/tunnel';
import { until } from '../../stack/probe.js';
import { freePorts } from './agent.js';
import { openSshGround, type OpenSshGround } from '../../stack/openssh-ground.js';

/** A tunnel server with VMAs around it, on loopback, in a directory of its own. */
export interface Site extends AsyncDisposable {
  readonly directory: string;
  readonly kind: TunnelKind;
  /** Absent over ssh2. */
  readonly openSsh: OpenSshGround['settings'] | undefined;
  readonly server: TunnelTransport;
  readonly port: number;
  readonly hostKey: KeyPair;
  readonly identities: Map<string, TunnelIdentity>;
  readonly refusals: string[];
  /** A known VMA; its storage daemon is a listener that greets with the VMA's id and echoes. */
  addVma(id: string, nbdSocketPath?: string): Promise<SiteVma>;
  /** One more key, or another set of facts, for a VMA that is known already. */
  addKey(identity: Omit<TunnelIdentity, 'publicKey'>): KeyPair;
  client(key: KeyPair, more?: Partial<TunnelClientOptions>): Promise<SourceTunnel>;
  /** The same by the system's ssh. */
  openSshClient(key: KeyPair, more?: Partial<TunnelClientOptions>): Promise<SourceTunnel>;
  later(end: () => unknown): void;
}

export interface SiteVma {
  readonly id: string;
  readonly key: KeyPair;
  readonly identity: TunnelIdentity & { readonly agentSocketPath: string };
  /** What this VMA has to ask this server for. */
  readonly endpoints: TunnelEndpoints;
}

export async function startSite(
  more: Partial<TunnelServerOptions> = {},
  kind: TunnelKind = 'ssh2',
): Promise<Site> {
  const directory = await mkdtemp(join(tmpdir(), 'ot-'));
  const hostKey = generateKeyPair();
  const identities = new Map<string, TunnelIdentity>();
  const ends: (() => unknown)[] = [];
  const refusals: string[] = [];
  const ground: OpenSshGround | undefined = kind === 'openssh' ? await openSshGround() : undefined;
  const server = openTunnelServer(kind, {
    hostKey: hostKey.privateKey,
    identify: (key) => identities.get(key),
    identities: () => identities.values(),
    ...(ground ? { openSsh: ground.settings } : {}),
    ...more,
  });
  const endpointsOf = ({
    nbdPort,
    agentPort,
  }: Pick<TunnelIdentity, 'nbdPort' | 'agentPort'>): TunnelEndpoints =>
    kind === 'openssh'
      ? { nbd: { host: '127.0.0.1', port: nbdPort ?? 0 }, agent: { host: '127.0.0.1', port: agentPort ?? 0 } }
      : { nbd: NBD_ADDRESS, agent: AGENT_ADDRESS };
  server.on('refused', ({ what }) => refusals.push(what));
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  let count = 0;
  const dial = async (
    client: TunnelKind,
    key: KeyPair,
    options: Partial<TunnelClientOptions> = {},
  ): Promise<SourceTunnel> => {
    count += 1;
    const made = openTunnelClient(client, {
      host: '127.0.0.1',
      port,
      privateKey: key.privateKey,
      hostKeyFingerprint: fingerprint(hostKey.publicKey),
      nbdSocketPath: join(directory, `local-${count}`),
      endpoints: endpointsOf(identities.get(key.publicKey) ?? {}),
      ...options,
    });
    ends.unshift(() => made[Symbol.asyncDispose]());
    await made.start();
    return made;
  };
  return {
    directory,
    kind,
    openSsh: ground?.settings,
    server,
    port,
    hostKey,
    identities,
    refusals,
    later: (end) => void ends.unshift(end),
    async addVma(id, nbdSocketPath = join(directory, `${id}-nbd`)) {
      const key = generateKeyPair();
      const [nbdPort, agentPort] = kind === 'openssh' ? await freePorts(2) : [];
      const identity = {
        id,
        publicKey: key.publicKey,
        nbdSocketPath,
        agentSocketPath: join(directory, `${id}-agent`),
        agentPort: agentPort ?? 0,
        ...(nbdPort === undefined ? {} : { nbdPort }),
      };
      identities.set(key.publicKey, identity);
      ends.unshift(await greeter(nbdSocketPath, id));
      return { id, key, identity, endpoints: endpointsOf(identity) };
    },
    addKey(identity) {
      const key = generateKeyPair();
      identities.set(key.publicKey, { ...identity, publicKey: key.publicKey });
      return key;
    },
    client: (key, options) => dial('ssh2', key, options),
    openSshClient: (key, options) => dial('openssh', key, options),
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end();
      await server.close();
      await ground?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Greets with a name, then echoes; gives back how to end it. Does nothing where something else listens. */
export async function greeter(path: string, name: string): Promise<() => Promise<void>> {
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write(`I am ${name}\n`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  return () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => listener.close(() => resolve()));
  };
}

/** The first line that comes out of a socket; rejects when it closes before. */
export function firstLine(where: net.NetConnectOpts): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(where);
    let text = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed without a line')));
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.includes('\n')) return;
      socket.destroy();
      resolve(text.slice(0, text.indexOf('\n')));
    });
  });
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Debian's OpenSSH client with a key of its own and nothing of the user's configuration. */
export async function openSsh(
  site: Site,
  key: KeyPair,
  args: readonly string[],
  { user = 'vma', input = '' }: { user?: string; input?: string } = {},
): Promise<{ readonly ended: Promise<Ended>; stop(): void }> {
  const file = join(site.directory, `id-${Math.random().toString(36).slice(2, 8)}`);
  await writeFile(file, key.privateKey, { mode: 0o600 });
  const known = join(site.directory, 'known');
  await writeFile(known, `[127.0.0.1]:${site.port} ${site.hostKey.publicKey}\n`);
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${known}`,
    'ExitOnForwardFailure=yes',
    'ConnectTimeout=10',
  ].flatMap((option) => ['-o', option]);
  const child = spawn(
    'ssh',
    ['-F', 'none', ...options, '-i', file, '-p', String(site.port), '-l', user, ...args, '127.0.0.1'],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(input);
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  const stop = () => void child.kill('SIGTERM');
  site.later(async () => {
    stop();
    await ended;
  });
  return { ended, stop };
}

export { until };

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NbdClient } from '@ossea/copy-engine';
import {
  NBD_ADDRESS,
  generateKeyPair,
  type KeyPair,
  type SourceTunnel,
  type TunnelIdentity,
} from '@ossea/tunnel';
import { freePorts, startAgent } from './agent.js';
import { until, type Site } from './site.js';

const BLOCK_BYTES = 4_096;

/** A VMA with a real NBD server of its own, whose disk says whose it is, and an agent that says the same. */
export interface VmaWithDisk {
  readonly id: string;
  readonly key: KeyPair;
  readonly identity: TunnelIdentity & { readonly agentSocketPath: string; readonly agentPort: number };
  /** What it asks this server for to reach its disk. */
  readonly nbdPort: number;
  readonly exportName: string;
  /** Where it finds its NBD server on its own side. */
  readonly nbdPath: string;
  /** Connects it; it offers its agent. */
  connect(): Promise<SourceTunnel>;
}

export async function addVmaWithDisk(site: Site, id: string, sizeBytes = 1 << 20): Promise<VmaWithDisk> {
  const path = (name: string) => join(site.directory, `${id}-${name}`);
  const exportName = `vol-${id}`;
  await writeFile(path('raw'), Buffer.alloc(sizeBytes, Buffer.alloc(BLOCK_BYTES, contentOf(id))));
  const daemon = spawn('qemu-nbd', [
    '-t',
    '-e',
    '16',
    '-f',
    'raw',
    '-x',
    exportName,
    '-k',
    path('nbd'),
    path('raw'),
  ]);
  site.later(async () => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill();
    await once(daemon, 'exit');
  });
  await until('qemu-nbd serves', () => diskOwner(path('nbd'), exportName));
  const key = generateKeyPair();
  const [agentPort = 0, ownNbdPort = 0] = await freePorts(2);
  const overOpenSsh = site.kind === 'openssh';
  const identity = {
    id,
    publicKey: key.publicKey,
    nbdSocketPath: path('nbd'),
    agentSocketPath: path('agent'),
    agentPort,
    ...(overOpenSsh ? { nbdPort: ownNbdPort } : {}),
  };
  site.identities.set(key.publicKey, identity);
  site.later(await startAgent({ path: path('api') }, `agent ${id}`, { key, id }));
  const nbdPath = path('local');
  const connect = () => site.client(key, { nbdSocketPath: nbdPath, agent: { path: path('api') } });
  const nbdPort = overOpenSsh ? ownNbdPort : NBD_ADDRESS.port;
  return { id, key, identity, nbdPort, exportName, nbdPath, connect };
}

const contentOf = (id: string): string => `disk of ${id};`;

/** Who owns the disk that is served there under this name. Rejects when there is none. */
export async function diskOwner(path: string, exportName: string): Promise<string | undefined> {
  const address = { transport: 'nbd-unix', path, exportName } as const;
  await using client = await NbdClient.connect(address, { signal: AbortSignal.timeout(15_000) });
  const bytes = await client.read(0, BLOCK_BYTES);
  return /^disk of ([^;]+);/.exec(bytes.toString('latin1'))?.[1];
}

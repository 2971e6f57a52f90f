import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PairingCode, Tunnel, TunnelEventPage, TunnelList, Vma } from '@ossea/api-contract';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { NbdServers, type NbdServer } from '../../../native/nbd/test/nbd-servers.js';
import { AgentApi } from '../../integration/vma/agent-api.js';
import { Appliance } from '../../stack/appliance.js';
import { childOf } from '../../stack/left-behind.js';
import { firstToken } from '../../stack/first-token.js';
import { until } from '../../stack/probe.js';
import { NatNetwork, OMA_ADDRESS } from './nat-network.js';
import { UnixApi } from './unix-api.js';

const HTTP_PORT = 3001;
const TUNNEL_PORT = 443;
const RELAY = fileURLToPath(new URL('relay.mjs', import.meta.url));
const DISK_VMA = fileURLToPath(new URL('../../integration/vma/disk-vma.mjs', import.meta.url));

interface Ready {
  readonly pid: number;
  readonly agentSocketPath: string;
  readonly nbdSocketPath: string;
}

export interface SiteOptions {
  readonly sizeBytes?: number;
}

/** A real OMA and a real VMA, each in a network namespace, with a router between them that can do them harm. */
export class DividedSite implements AsyncDisposable {
  readonly servers = new NbdServers(spawn);
  readonly api: UnixApi;
  readonly oma: Appliance<{ readonly pid: number }>;
  readonly vma: Appliance<Ready>;
  vmaId = '';
  daemon!: NbdServer;
  private relay: ChildProcess | undefined;

  private constructor(
    readonly directory: string,
    readonly network: NatNetwork,
    readonly sizeBytes: number,
  ) {
    this.api = new UnixApi(join(directory, 'api.sock'));
    this.oma = new Appliance(
      'oma',
      join(directory, 'o'),
      {
        OSSEA_STATE_DIR: join(directory, 'o'),
        OSSEA_HTTP_PORT: String(HTTP_PORT),
        OSSEA_TLS_MODE: 'off',
        OSSEA_HTTP_REQUESTS_PER_MINUTE: '100000',
        OSSEA_TUNNEL_HOST: OMA_ADDRESS,
        OSSEA_TUNNEL_PORT: String(TUNNEL_PORT),
        OSSEA_TUNNEL_FIRST_AGENT_PORT: '0',
        OSSEA_PLUGIN_PACKAGES: '@ossea/plugin-qemu-source',
      },
      join(directory, 'oma.log'),
      { through: network.enter('oma') },
    );
    const config = {
      stateDir: join(directory, 'v'),
      oma: { host: OMA_ADDRESS, port: TUNNEL_PORT },
      api: { port: 0 },
    };
    const disk = JSON.stringify({ config, socket: this.sourceSocket, sizeBytes });
    this.vma = new Appliance(
      'vma',
      join(directory, 'v'),
      { OSSEA_VMA_STATE_DIR: config.stateDir, OSSEA_VMA_OMA_HOST: OMA_ADDRESS },
      join(directory, 'vma.log'),
      { through: network.enter('vma'), program: [DISK_VMA, disk] },
    );
  }

  static async start({ sizeBytes = 1 << 20 }: SiteOptions = {}): Promise<DividedSite> {
    const network = await NatNetwork.create();
    const site = new DividedSite(await mkdtemp(join(tmpdir(), 'dv-')), network, sizeBytes);
    try {
      await site.begin();
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where the disk of the VMA's only plugin is served, once a spec does so. */
  get sourceSocket(): string {
    return join(this.directory, 'source.sock');
  }

  get targetFile(): string {
    return join(this.directory, 'target.raw');
  }

  tunnelServerPid(): Promise<number> {
    return childOf(this.oma.pid, 'tunnel-server.process.js');
  }

  /** The VMA's API, as the OMA calls it, but past the tunnel. */
  async agent(): Promise<AgentApi> {
    const key = await readFile(join(this.directory, 'o/agent-token-key'), 'utf8');
    return new AgentApi({ socketPath: this.vma.ready.agentSocketPath }, key, this.vmaId);
  }

  async tunnel(): Promise<Tunnel> {
    const { items } = await this.api.call<TunnelList>('tunnels', undefined, 2_000);
    const found = items.find(({ vmaId }) => vmaId === this.vmaId);
    if (!found) throw new Error('the OMA does not list the tunnel');
    return found;
  }

  history(): Promise<TunnelEventPage> {
    return this.api.call<TunnelEventPage>(`tunnels/${this.vmaId}/history?limit=500`);
  }

  /**
   * Whether the tunnel is up, by three witnesses: the OMA says so, a call of the OMA's API that only the agent can
   * answer is answered, and the storage daemon greets a client at the VMA.
   */
  async isUp(): Promise<boolean> {
    const [tunnel] = await Promise.all([
      this.tunnel(),
      this.api.call(`admin/vma/${this.vmaId}/plugin-files`, undefined, 2_000),
      greeting(this.vma.ready.nbdSocketPath),
    ]);
    return tunnel.state === 'up';
  }

  /** Comes back when it is up, with the milliseconds that took. */
  async untilUp(timeoutMs: number): Promise<number> {
    const beganMs = performance.now();
    await until('the tunnel is up', () => this.isUp(), { timeoutMs, everyMs: 100 });
    return performance.now() - beganMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const appliance of [this.vma, this.oma]) if (appliance.running) await appliance.kill();
    if (this.relay?.exitCode === null) {
      this.relay.kill('SIGKILL');
      await once(this.relay, 'exit');
    }
    await this.servers.stop();
    await this.network[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  private async begin(): Promise<void> {
    const [enter = '', ...args] = this.network.enter('oma');
    const relaySocket = join(this.directory, 'api.sock');
    this.relay = spawn(enter, [...args, process.execPath, RELAY, relaySocket, String(HTTP_PORT)], {
      stdio: 'ignore',
    });
    await this.oma.start();
    await until('the relay listens', () => stat(relaySocket));
    const code = (await readFile(join(this.directory, 'o/set-up-code'), 'utf8')).trim();
    const ask = <T>(path: string, body: object, token: string): Promise<T> => {
      this.api.token = token;
      return this.api.call<T>(path, body);
    };
    this.api.token = await firstToken(ask, code, 'a password of the tests');
    const pairing = await this.api.call<PairingCode>('admin/vma/pairing-code', {});
    const input = JSON.stringify({
      code: pairing.code,
      hostKeyFingerprint: pairing.hostKeyFingerprint,
      name: 'site-a',
    });
    const asked = JSON.parse(await this.vma.command(['enrol'], input)) as {
      vmaId: string;
      fingerprint: string;
    };
    this.vmaId = asked.vmaId;
    await this.vma.start();
    await this.api.call<Vma>(`admin/vma/approve/${asked.vmaId}`, { fingerprint: asked.fingerprint });
    await this.serveTarget();
    await this.untilUp(60_000);
  }

  private async serveTarget(): Promise<void> {
    await writeFile(this.targetFile, '');
    await truncate(this.targetFile, this.sizeBytes);
    // where the OMA's own daemon would be, had this VMA an export
    this.daemon = await this.servers.storageDaemon(
      this.targetFile,
      'raw',
      nbdSocketPath(join(this.directory, 'o/run'), this.vmaId),
    );
  }
}

/** The first bytes of an NBD server. */
function greeting(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path, signal: AbortSignal.timeout(2_000) });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('no greeting')));
    socket.once('data', (data) => {
      resolve(
        data.subarray(0, 8).equals(Buffer.from('NBDMAGIC')) ? undefined : Promise.reject(new Error('no NBD')),
      );
      socket.destroy();
    });
  });
}

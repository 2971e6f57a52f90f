import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AddedVms,
  Connection,
  DiscoveredVms,
  IssuedToken,
  Job,
  LeftBehind,
  PairingCode,
  TargetNetworkList,
  Vma,
  VmaList,
  VmContext,
} from '@ossea/api-contract';
import { createProcessRunner } from '@ossea/process';
import { MachineLauncher } from '@ossea/qemu';
import { ApiClient } from './api-client.js';
import { Appliance } from './appliance.js';
import { imageSha256, rawFile } from './digests.js';
import { processesBelow } from './left-behind.js';
import { startMariaDb, type PrivateMariaDb } from './mariadb.js';
import { until } from './probe.js';
import { SourceHost, type GuestSize } from './source-host.js';

export interface StackOptions {
  readonly database?: 'sqlite' | 'mariadb';
  /** Each VMA has a QEMU host of its own with one guest. */
  readonly vmas?: number;
  readonly guest?: GuestSize;
  /** Ports people type; any free ones unless told. */
  readonly ports?: { readonly http: number; readonly tunnel: number };
  /** Told what is being done, for people who wait. */
  readonly say?: (what: string) => void;
}

interface OmaReady {
  readonly pid: number;
  readonly httpUrl: string;
  readonly tunnelPort: number;
}
interface VmaReady {
  readonly pid: number;
  readonly apiPort: number;
  readonly nbdSocketPath: string;
}

/** One VMA with its source, as far as the stack knows it. */
export interface Site {
  readonly vma: Appliance<VmaReady>;
  readonly host: SourceHost;
  readonly vmaId: string;
  readonly fingerprint: string;
  readonly connectionId: string;
  readonly contextId: string;
}

const SMALL_GUEST: GuestSize = { diskMebibytes: 160, fillMebibytes: 48 };
const signal = new AbortController().signal;

/** The whole product on one box, through its real doors: real appliances, real enrolment, a real guest. */
export class Stack implements AsyncDisposable {
  readonly sites: Site[] = [];
  api!: ApiClient;
  targetConnectionId = '';
  setUpCode = '';

  private constructor(
    readonly directory: string,
    readonly oma: Appliance<OmaReady>,
    private readonly mariaDb: PrivateMariaDb | undefined,
    private readonly say: (what: string) => void,
  ) {}

  static async launch(options: StackOptions = {}): Promise<Stack> {
    const say = options.say ?? (() => undefined);
    const directory = await mkdtemp(join(tmpdir(), 'os-'));
    const mariaDb = options.database === 'mariadb' ? await startMariaDb() : undefined;
    const at = (name: string) => join(directory, name);
    const { http, tunnel } = options.ports ?? { http: 0, tunnel: 0 };
    const oma = new Appliance<OmaReady>(
      'oma',
      at('o'),
      {
        OSSEA_STATE_DIR: at('o'),
        OSSEA_HTTP_PORT: String(http),
        OSSEA_TUNNEL_HOST: '127.0.0.1',
        OSSEA_TUNNEL_PORT: String(tunnel),
        OSSEA_TUNNEL_FIRST_AGENT_PORT: '0',
        ...(mariaDb
          ? {
              OSSEA_DATABASE_ENGINE: 'mariadb',
              OSSEA_DATABASE_SOCKET_PATH: mariaDb.login.socketPath,
              OSSEA_DATABASE_USERNAME: mariaDb.login.username,
              OSSEA_DATABASE_NAME: mariaDb.login.database,
            }
          : {}),
      },
      at('oma.log'),
    );
    const stack = new Stack(directory, oma, mariaDb, say);
    try {
      await stack.begin(options);
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  get scratchDir(): string {
    return join(this.directory, 'x');
  }

  private async begin({ vmas = 1, guest = SMALL_GUEST }: StackOptions): Promise<void> {
    await mkdir(this.scratchDir, { recursive: true });
    this.say('starting the OMA');
    await this.oma.start();
    this.api = new ApiClient(this.oma.ready.httpUrl);
    this.setUpCode = (await readFile(join(this.directory, 'o/set-up-code'), 'utf8')).trim();
    const { token } = await this.api.post<IssuedToken>('/api/v1/access/set-up', { code: this.setUpCode });
    this.api.token = token;
    const target = await this.api.post<Connection>('/api/v1/connections', {
      name: 'QEMU target',
      kind: 'target',
      pluginId: 'qemu-target',
      settings: { poolDir: join(this.directory, 'p'), machinesDir: join(this.directory, 'm') },
    });
    this.targetConnectionId = target.id;
    for (let index = 0; index < vmas; index += 1) this.sites.push(await this.addSite(index, guest));
  }

  /** A VMA with its own host and guest, enrolled as people do it. */
  private async addSite(index: number, size: GuestSize): Promise<Site> {
    const directory = join(this.directory, `s${index}`);
    await mkdir(join(directory, 'm'), { recursive: true });
    this.say('building and booting a small Linux guest');
    const host = await SourceHost.build(directory, index, size);
    await host.start();
    this.say('enrolling a VMA');
    const vma = new Appliance<VmaReady>(
      'vma',
      join(directory, 'v'),
      {
        OSSEA_VMA_STATE_DIR: join(directory, 'v'),
        OSSEA_VMA_OMA_HOST: '127.0.0.1',
        OSSEA_VMA_OMA_PORT: String(this.oma.ready.tunnelPort),
        OSSEA_VMA_API_PORT: '0',
        OSSEA_VMA_NBD_PORT: '0',
      },
      join(this.directory, `vma-${index}.log`),
    );
    const { code, hostKeyFingerprint } = await this.api.post<PairingCode>('/api/v1/admin/vma/pairing-code');
    const input = JSON.stringify({ code, hostKeyFingerprint, name: `site-${index + 1}` });
    const { vmaId, fingerprint } = JSON.parse(await vma.command(['enrol'], input)) as {
      vmaId: string;
      fingerprint: string;
    };
    await vma.start();
    await this.api.post<Vma>(`/api/v1/admin/vma/approve/${vmaId}`, { fingerprint });
    await this.connected(vmaId);
    const connection = await this.api.post<Connection>('/api/v1/connections', {
      name: `QEMU source ${index + 1}`,
      kind: 'source',
      pluginId: 'qemu-source',
      vmaId,
      settings: { machinesDir: host.machinesDir },
    });
    const contextId = await this.manage(connection.id, host.vm);
    return { vma, host, vmaId, fingerprint, connectionId: connection.id, contextId };
  }

  /** Discovers a machine, takes it under management and maps its network. */
  async manage(connectionId: string, vm: string): Promise<string> {
    const found = await this.api.post<DiscoveredVms>('/api/v1/discovery/discover-vms', { connectionId });
    if (!found.items.some(({ id }) => id === vm)) throw new Error(`the source does not list "${vm}"`);
    const { added, failed } = await this.api.post<AddedVms>('/api/v1/discovery/add-vms', {
      connectionId,
      vmIds: [vm],
      targetConnectionId: this.targetConnectionId,
      placement: { format: 'raw', accelerator: 'auto' },
    });
    const context = added[0];
    if (!context) throw new Error(`"${vm}" was not added: ${JSON.stringify(failed)}`);
    const { items } = await this.api.get<TargetNetworkList>(
      `/api/v1/networks/available?connectionId=${this.targetConnectionId}`,
    );
    const liveNetwork = items.find(({ isolated }) => !isolated)?.ref;
    for (const { network } of context.machine?.nics ?? [])
      await this.api.put('/api/v1/network-mappings', {
        contextId: context.id,
        sourceNetwork: network,
        ...(liveNetwork === undefined ? {} : { liveNetwork }),
      });
    return context.id;
  }

  async connected(vmaId: string): Promise<Vma> {
    return until(
      'the VMA is connected',
      async () => {
        const { items } = await this.api.get<VmaList>('/api/v1/admin/vma');
        return items.find(({ id, connected }) => id === vmaId && connected);
      },
      { timeoutMs: 60_000 },
    );
  }

  context(site: Site): Promise<VmContext> {
    return this.api.get<VmContext>(`/api/v1/vm-contexts/${site.contextId}`);
  }

  replicate(site: Site): Promise<Job> {
    return this.api.post<Job>('/api/v1/replications', { contextId: site.contextId });
  }

  /** A whole cycle. */
  cycle(site: Site): Promise<Job> {
    return this.api.run('/api/v1/replications', { contextId: site.contextId });
  }

  leftBehind(): Promise<LeftBehind> {
    return this.api.get<LeftBehind>('/api/v1/support/left-behind');
  }

  /** Of the machine's target volumes, by themselves. */
  async targetSha256(site: Site): Promise<string[]> {
    const { disks } = await this.context(site);
    const hashes: string[] = [];
    for (const { volumeRef } of disks)
      hashes.push(await imageSha256(rawFile(await this.volumePath(volumeRef ?? '')), this.scratchDir));
    return hashes;
  }

  /** The file of a volume of the QEMU target, as its record in the pool says. */
  async volumePath(ref: string): Promise<string> {
    const pool = join(this.directory, 'p/volumes');
    const { file } = JSON.parse(await readFile(join(pool, `${ref}.json`), 'utf8')) as { file: string };
    return join(pool, file);
  }

  /** The OMA again, after a stop or a kill, at the address it had. */
  async startOma(): Promise<void> {
    await this.oma.start();
    this.api.baseUrl = this.oma.ready.httpUrl;
  }

  /** A committed machine is the operator's; here the stack is the operator. */
  async stopTargetMachines(): Promise<void> {
    const machines = new MachineLauncher({
      runner: createProcessRunner(),
      machinesDir: join(this.directory, 'm'),
    });
    for (const id of await machines.list().catch(() => []))
      await machines.stop(id, { signal, force: true, timeoutMs: 15_000 });
  }

  /** Stops everything in order; what still refers to the stack's directory afterwards was left behind. */
  async stop(): Promise<string[]> {
    for (const { vma } of this.sites) await vma.stop();
    await this.oma.stop();
    for (const { host } of this.sites) await host.stop();
    await this.stopTargetMachines();
    await this.mariaDb?.[Symbol.asyncDispose]();
    return processesBelow(this.directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop();
    } finally {
      await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AddedVms,
  type Connection,
  type DiscoveredVms,
  type Job,
  type LeftBehind,
  type PairingCode,
  type TargetNetworkList,
  type Vma,
  type VmaList,
  type VmContext,
} from '@ossea/api-contract';
import { ApiClient } from './api-client.js';
import { Appliance } from './appliance.js';
import { firstToken } from './first-token.js';
import { freePort } from './free-port.js';
import { childOf, processesBelow } from './left-behind.js';
import { startMariaDb, type PrivateMariaDb } from './mariadb.js';
import { omaEnvironment } from './oma-environment.js';
import { until } from './probe.js';
import { Site, type VmaReady } from './site.js';
import { SourceHost, type GuestSize } from './source-host.js';
import type { StackOptions } from './stack-options.js';
import { CloudstackTargetHost } from './cloudstack-target-host.js';
import { QemuTargetHost, type TargetHost, type TargetVolume } from './target-host.js';

interface OmaReady {
  readonly pid: number;
  readonly httpUrl: string;
  readonly tunnelPort: number;
}

const SMALL_GUEST: GuestSize = { diskMebibytes: 160, fillMebibytes: 48 };
const never = new AbortController().signal;

/** The whole product on one box, through its real doors: real appliances, real enrolment, a real guest. */
export class Stack implements AsyncDisposable {
  readonly sites: Site[] = [];
  readonly api: ApiClient;
  oma!: Appliance<OmaReady>;
  target!: TargetHost;
  targetConnectionId = '';
  private mariaDb: PrivateMariaDb | undefined;
  private readonly say: (what: string) => void;
  private readonly signal: AbortSignal;

  private constructor(
    readonly directory: string,
    private readonly options: StackOptions,
  ) {
    this.say = options.say ?? (() => undefined);
    this.signal = options.signal ?? never;
    this.api = new ApiClient('', '', this.signal, options.heard);
  }

  /** Comes back when every guest is under management. When it rejects, everything has been stopped. */
  static async launch(options: StackOptions = {}): Promise<Stack> {
    const stack = new Stack(await mkdtemp(join(tmpdir(), 'os-')), options);
    try {
      await stack.begin();
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
  }

  get scratchDir(): string {
    return this.at('x');
  }

  private at(name: string): string {
    return join(this.directory, name);
  }

  private async begin(): Promise<void> {
    const { database, ports, vmas = 1, guest = SMALL_GUEST, target = 'qemu' } = this.options;
    await mkdir(this.scratchDir, { recursive: true });
    this.say('starting the OMA');
    if (database === 'mariadb') this.mariaDb = await startMariaDb();
    // both must be the same after a restart
    const { http, tunnel } = ports ?? { http: await freePort(), tunnel: await freePort() };
    const stateDir = this.at('o');
    const settings = { stateDir, http, tunnel, ...(this.mariaDb ? { mariaDb: this.mariaDb.login } : {}) };
    // the small guest is up in seconds, and CloudStack shows nothing of it
    const settle = target === 'cloudstack' ? { OSSEA_FAILOVER_SETTLE_SECONDS: '10' } : {};
    const environment = { ...omaEnvironment(settings), ...settle, ...this.options.omaEnvironment };
    this.oma = new Appliance('oma', stateDir, environment, this.at('oma.log'));
    await this.startOma();
    await this.setUp();
    this.say(`setting up ${target} as the target`);
    this.target = await this.startTarget(target);
    this.targetConnectionId = await this.target.connect(this.api);
    for (let index = 0; index < vmas; index += 1) await this.addSite(index, guest);
  }

  private async setUp(): Promise<void> {
    const code = (await readFile(this.at('o/set-up-code'), 'utf8')).trim();
    const password = this.options.password ?? randomBytes(12).toString('base64url');
    const ask = <T>(path: string, body: object, token: string): Promise<T> => {
      this.api.token = token;
      return this.api.post<T>(`/api/v1/${path}`, body);
    };
    this.api.token = await firstToken(ask, code, password);
  }

  private async startTarget(target: 'qemu' | 'cloudstack'): Promise<TargetHost> {
    if (target === 'qemu') return new QemuTargetHost(this.at('p'), this.at('m'));
    return CloudstackTargetHost.start(this.at('c'));
  }

  /** A VMA with its own host and guest, enrolled as people do it. */
  private async addSite(index: number, guest: GuestSize | 'none'): Promise<void> {
    const directory = this.at(`s${index}`);
    const vmaEnvironment = {
      OSSEA_VMA_STATE_DIR: join(directory, 'v'),
      OSSEA_VMA_OMA_HOST: '127.0.0.1',
      OSSEA_VMA_OMA_PORT: String(this.oma.ready.tunnelPort),
      OSSEA_VMA_API_PORT: '0',
      OSSEA_VMA_NBD_PORT: '0',
    };
    const host = new SourceHost(directory, index, this.signal);
    const log = this.at(`vma-${index}.log`);
    const site = new Site(
      directory,
      host,
      new Appliance<VmaReady>('vma', join(directory, 'v'), vmaEnvironment, log),
    );
    await mkdir(host.machinesDir, { recursive: true });
    // first of all: whatever it starts is stopped with it
    this.sites.push(site);
    if (guest !== 'none') {
      this.say('building and booting a small Linux guest');
      await host.buildGuest(guest, this.options.freshImages !== true);
      await host.start();
    }
    this.say('enrolling a VMA');
    await this.enrol(site, `site-${index + 1}`);
    const { id } = await this.api.post<Connection>('/api/v1/connections', {
      name: `QEMU source ${index + 1}`,
      kind: 'source',
      pluginId: 'qemu-source',
      vmaId: site.vmaId,
      settings: { machinesDir: host.machinesDir },
    });
    site.connectionId = id;
    if (guest !== 'none') site.contextId = (await this.manage(site, host.vm)).id;
  }

  private async enrol(site: Site, name: string): Promise<void> {
    const { code, hostKeyFingerprint } = await this.api.post<PairingCode>('/api/v1/admin/vma/pairing-code');
    const input = JSON.stringify({ code, hostKeyFingerprint, name });
    const asked = JSON.parse(await site.vma.command(['enrol'], input)) as {
      vmaId: string;
      fingerprint: string;
    };
    site.vmaId = asked.vmaId;
    site.fingerprint = asked.fingerprint;
    await site.vma.start(this.signal);
    await this.api.post<Vma>(`/api/v1/admin/vma/approve/${site.vmaId}`, { fingerprint: site.fingerprint });
    await this.connected(site);
  }

  /** Discovers a machine of a site's host, takes it under management and maps its networks. */
  async manage(
    { connectionId }: Site,
    vm: string,
    { targetConnectionId = this.targetConnectionId, placement = this.target.placement } = {},
  ): Promise<VmContext> {
    const found = await this.api.post<DiscoveredVms>('/api/v1/discovery/discover-vms', { connectionId });
    if (!found.items.some(({ id }) => id === vm)) throw new Error(`the source does not list "${vm}"`);
    const { added, failed } = await this.api.post<AddedVms>('/api/v1/discovery/add-vms', {
      connectionId,
      vmIds: [vm],
      targetConnectionId,
      placement,
    });
    const context = added[0];
    if (!context) throw new Error(`"${vm}" was not added: ${JSON.stringify(failed)}`);
    const { items } = await this.api.get<TargetNetworkList>(
      `/api/v1/networks/available?connectionId=${targetConnectionId}`,
    );
    const liveNetwork = items.find(({ isolated }) => !isolated)?.ref;
    for (const { network } of context.machine?.nics ?? [])
      await this.api.put('/api/v1/network-mappings', {
        contextId: context.id,
        sourceNetwork: network,
        ...(liveNetwork === undefined ? {} : { liveNetwork }),
      });
    return context;
  }

  async connected(site: Site): Promise<Vma> {
    return until(
      'the VMA is connected',
      async () => {
        const { items } = await this.api.get<VmaList>('/api/v1/admin/vma');
        return items.find(({ id, connected }) => id === site.vmaId && connected);
      },
      { timeoutMs: 120_000, signal: this.signal },
    );
  }

  context(contextId: string): Promise<VmContext> {
    return this.api.get<VmContext>(`/api/v1/vm-contexts/${contextId}`);
  }

  /** Starts a cycle. */
  replicate(contextId: string): Promise<Job> {
    return this.api.post<Job>('/api/v1/replications', { contextId });
  }

  /** A whole cycle. */
  cycle(contextId: string): Promise<Job> {
    return this.api.run('/api/v1/replications', { contextId });
  }

  leftBehind(): Promise<LeftBehind> {
    return this.api.get<LeftBehind>('/api/v1/support/left-behind');
  }

  /** The target volumes of a machine, in the order of its disks. */
  async volumes(contextId: string, target = this.target): Promise<TargetVolume[]> {
    const { disks } = await this.context(contextId);
    return Promise.all(
      disks.map(async ({ key, volumeRef, sizeBytes }) => {
        if (volumeRef === undefined) throw new Error(`the disk "${key}" has no volume`);
        return {
          path: await target.volumePath(volumeRef),
          sizeBytes,
          read: (reader) => target.readVolume(volumeRef, reader),
        };
      }),
    );
  }

  /** The OMA's tunnel server, a process of its own. */
  async tunnelServerPid(): Promise<number> {
    return childOf(this.oma.pid, 'tunnel-server.process.js');
  }

  /** Starts the OMA, also again after a stop or a kill. */
  async startOma(): Promise<void> {
    await this.oma.start(this.signal);
    this.api.baseUrl = this.oma.ready.httpUrl;
  }

  /** Stops everything in order; gives what did not stop, or still refers to the stack's directory afterwards. */
  async stop(): Promise<string[]> {
    const left: string[] = [];
    const attempt = async (end: PromiseLike<void> | undefined) => {
      await end?.then(undefined, (error: unknown) => left.push(String(error)));
    };
    for (const { vma } of this.sites) await attempt(vma.stop());
    await attempt(this.oma?.stop());
    for (const { host } of this.sites) await attempt(host.stop());
    // a committed machine is the operator's; here the stack is the operator
    await attempt(this.target?.stop());
    await attempt(this.mariaDb?.[Symbol.asyncDispose]());
    this.mariaDb = undefined;
    return [...left, ...(await processesBelow(this.directory))];
  }

  /** Stops everything and removes the directory. Throws when anything was left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const left = await this.stop();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
    if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
  }
}

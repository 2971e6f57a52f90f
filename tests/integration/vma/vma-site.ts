import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EnrolRequest,
  generateAgentKeyPair,
  type AgentKeyPair,
  type EnrolAnswer,
} from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { TunnelServer, generateKeyPair, type EnrolPeer, type TunnelIdentity } from '@ossea/tunnel';
import { parseConfig } from '../../../apps/vma/src/config/load-config.js';
import {
  StateFiles,
  enrol,
  startVma,
  type Enrolled,
  type EnrolInput,
  type RunningVma,
  type VmaConfigInput,
} from '../../../apps/vma/src/start-vma.js';
import { until } from '../../stack/probe.js';
import { AgentApi } from './agent-api.js';

type State = EnrolAnswer['state'];

export const CODE = 'ABCD-2345-EFGH';

/**
 * An OMA as far as a VMA sees it: the real tunnel server, and a desk that takes one pairing code and then says of every
 * key what the test has decided. Around it VMAs in this process.
 */
export class VmaSite implements AsyncDisposable {
  /** What was asked at the desk, in order. */
  readonly asked: EnrolRequest[] = [];
  /** By public key; what is approved may dial in. */
  readonly decided = new Map<string, { readonly vmaId: string; state: State }>();
  /** VMAs that are connected now. */
  readonly connected = new Set<string>();
  agentKeys: AgentKeyPair = generateAgentKeyPair();
  private readonly ends: (() => Promise<unknown> | unknown)[] = [];
  private server!: TunnelServer;
  port = 0;

  private constructor(
    readonly directory: string,
    private readonly hostKey: string,
  ) {}

  static async start(): Promise<VmaSite> {
    const directory = await mkdtemp(join(tmpdir(), 'vm-'));
    const site = new VmaSite(directory, generateKeyPair().privateKey);
    await site.listen();
    return site;
  }

  get hostKeyFingerprint(): string {
    return this.server.hostKeyFingerprint;
  }

  /** Where a VMA's NBD channels come out. */
  nbdSocketPath(vmaId: string): string {
    return join(this.directory, `${vmaId}.nbd`);
  }

  /** The tunnel server, again at the same port after `vanish`. */
  async listen(): Promise<void> {
    this.server = new TunnelServer({
      hostKey: this.hostKey,
      identify: (key) => this.identify(key),
      enrol: async (request, peer) => this.answer(EnrolRequest.parse(request), peer),
    });
    this.server.on('connected', ({ id }) => this.connected.add(id));
    this.server.on('disconnected', ({ id }) => this.connected.delete(id));
    this.port = (await this.server.listen({ host: '127.0.0.1', port: this.port })).port;
  }

  /** The OMA goes away, with every connection. */
  vanish(): Promise<void> {
    return this.server.close();
  }

  /** Ends something before the site ends; the last one first. */
  later(end: () => Promise<unknown> | unknown): void {
    this.ends.unshift(end);
  }

  /** Decides about every VMA that has asked; what is no longer approved is cut. */
  decide(state: State): void {
    for (const known of this.decided.values()) {
      known.state = state;
      if (state !== 'approved') this.server.revoke(known.vmaId);
    }
  }

  /** What `startVma` takes, with a state directory of its own. */
  async config(more: Partial<VmaConfigInput> = {}): Promise<VmaConfigInput> {
    return {
      stateDir: await mkdtemp(join(this.directory, 'v')),
      oma: { host: '127.0.0.1', port: this.port },
      api: { port: 0 },
      enrolment: { askEveryMs: 100, askAtMostEveryMs: 300 },
      plugins: { packages: [] },
      log: { level: 'silent' },
      ...more,
    };
  }

  /** @param packages what the VMA finds as plugins, by package name. */
  async startVma(
    config: VmaConfigInput,
    packages: Readonly<Record<string, unknown>> = {},
  ): Promise<RunningVma> {
    const vma = await startVma(
      { ...config, plugins: { packages: Object.keys(packages) } },
      { import: async (name) => packages[name] },
    );
    this.later(() => vma[Symbol.asyncDispose]());
    return vma;
  }

  enrol(config: VmaConfigInput, input: Partial<EnrolInput> = {}): Promise<Enrolled> {
    return enrol(
      parseConfig(config),
      new StateFiles(config.stateDir),
      { code: CODE, hostKeyFingerprint: this.hostKeyFingerprint, name: 'a VMA', ...input },
      AbortSignal.timeout(15_000),
    );
  }

  /** A VMA that is approved and connected, and its API as the OMA uses it. */
  async connectedVma(
    packages: Readonly<Record<string, unknown>> = {},
    more: Partial<VmaConfigInput> = {},
  ): Promise<ConnectedVma> {
    const config = await this.config(more);
    const { vmaId } = await this.enrol(config);
    this.decide('approved');
    const vma = await this.startVma(config, packages);
    await until(`${vmaId} is connected`, () => this.connected.has(vmaId));
    return { config, vma, vmaId, api: this.api(vma, vmaId) };
  }

  api(vma: RunningVma, vmaId: string): AgentApi {
    return new AgentApi({ socketPath: vma.agentSocketPath }, this.agentKeys.privateKey, vmaId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.ends) await end();
    await this.server.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  private identify(publicKey: string): TunnelIdentity | undefined {
    const known = this.decided.get(publicKey);
    if (known?.state !== 'approved') return undefined;
    const { vmaId } = known;
    return {
      id: vmaId,
      publicKey,
      nbdSocketPath: this.nbdSocketPath(vmaId),
      agentSocketPath: join(this.directory, `${vmaId}.agent`),
    };
  }

  private answer(request: EnrolRequest, { publicKey }: EnrolPeer): EnrolAnswer {
    this.asked.push(request);
    let known = this.decided.get(publicKey);
    if (request.type === 'enrol') {
      if (request.code !== CODE || known?.state === 'revoked')
        throw new MigrationError('enrolment.rejected', 'Not with this code, or not with this key.');
      known ??= { vmaId: `vma_${this.decided.size + 1}`, state: 'pending' };
      this.decided.set(publicKey, known);
    }
    if (!known) throw new MigrationError('enrolment.rejected', 'This key has not asked to be enrolled.');
    const { vmaId, state } = known;
    const agentTokenKey = state === 'approved' ? this.agentKeys.publicKey : undefined;
    return { protocol: 1, vmaId, state, ...(agentTokenKey === undefined ? {} : { agentTokenKey }) };
  }
}

export interface ConnectedVma {
  readonly config: VmaConfigInput;
  readonly vma: RunningVma;
  readonly vmaId: string;
  readonly api: AgentApi;
}

import type { SourceCallName } from '@ossea/agent-protocol';
import type { SourceSession } from '@ossea/plugin-sdk';
import { MemoryHost, memorySource } from '../../../libs/plugin-conformance/src/memory/memory-source.js';
import { onSession } from '../../../libs/plugin-conformance/src/memory/source-breakers.js';
import type { AgentApi, Answer } from './agent-api.js';
import { VmaSite } from './vma-site.js';

export const DISK = { disk: 'disk-a' };

/** A VMA that hosts the conformance kit's memory, with a fresh session for every test. */
export class MemorySite implements AsyncDisposable {
  readonly host = new MemoryHost();
  /** What the next sessions do otherwise than the memory. */
  change: (session: SourceSession) => Partial<SourceSession> = () => ({});
  connects = 0;
  closes = 0;
  /** As the OMA calls it. */
  session = '';
  api!: AgentApi;
  private count = 0;

  private constructor(private readonly site: VmaSite) {}

  static async start(): Promise<MemorySite> {
    const site = await VmaSite.start();
    const memory = new MemorySite(site);
    const { api } = await site.connectedVma({ memory: { plugin: memory.plugin() } });
    memory.api = api;
    return memory;
  }

  /** Before each test. */
  fresh(): void {
    this.change = () => ({});
    this.count += 1;
    this.session = `conn_${this.count}`;
  }

  open(settings: object = { host: 'here' }): Promise<Answer> {
    return this.api.openSession(this.session, 'memory-source', settings);
  }

  call(name: SourceCallName, params: object): Promise<Answer> {
    return this.api.source(this.session, name, params);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.site[Symbol.asyncDispose]();
  }

  private plugin() {
    const changed = (real: SourceSession): SourceSession => {
      this.connects += 1;
      const closing = async () => void (this.closes += 1);
      return { ...real, [Symbol.asyncDispose]: closing, ...this.change(real) };
    };
    return onSession(memorySource(this.host), changed, this.host);
  }
}

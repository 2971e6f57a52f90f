import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartCopy } from '@ossea/agent-protocol';
import { CONTRACT_VERSION, z, type SourcePlugin } from '@ossea/plugin-sdk';
import { NbdServers, type NbdServer } from '../../../native/nbd/test/nbd-servers.js';
import type { VmaConfigInput } from '../../../apps/vma/src/start-vma.js';
import { FileSource } from '../replication/file-source.js';
import { VmaSite, type ConnectedVma } from './vma-site.js';

export const SIZE_BYTES = 16 << 20;
export const SESSION = 'conn_1';
const calm = () => new AbortController().signal;

/** A connected VMA between real NBD servers: files at the source, a storage daemon where the OMA has one. */
export class CopySite implements AsyncDisposable {
  readonly files: FileSource;
  vma!: ConnectedVma;
  snapshot = '';
  private taken = 0;
  target!: NbdServer;

  private constructor(
    readonly site: VmaSite,
    readonly directory: string,
    readonly servers: NbdServers,
  ) {
    this.files = new FileSource(directory, servers);
  }

  static async start(more: Partial<VmaConfigInput> = {}): Promise<CopySite> {
    const site = await VmaSite.start();
    const made = new CopySite(site, await mkdtemp(join(tmpdir(), 'cs-')), new NbdServers(spawn));
    for (const disk of made.files.disks)
      await writeFile(made.files.file(disk), randomFillSync(Buffer.alloc(SIZE_BYTES)));
    made.vma = await site.connectedVma(made.packages, more);
    await writeFile(made.targetFile, '');
    await truncate(made.targetFile, SIZE_BYTES);
    await made.serveTarget();
    await made.openSession();
    await made.takeSnapshot();
    return made;
  }

  get packages(): Readonly<Record<string, unknown>> {
    const plugin: SourcePlugin = {
      manifest: {
        id: 'file-source',
        kind: 'source',
        displayName: 'Files',
        contract: CONTRACT_VERSION,
        capabilities: ['changedBlocks', 'power'],
      },
      settings: z.strictObject({}),
      connect: async () => this.files.session(),
    };
    return { 'file-source': { plugin } };
  }

  get targetFile(): string {
    return join(this.directory, 'target.raw');
  }

  async serveTarget(): Promise<void> {
    this.target = await this.servers.storageDaemon(
      this.targetFile,
      'raw',
      this.site.nbdSocketPath(this.vma.vmaId),
    );
  }

  async openSession(): Promise<void> {
    await this.vma.api.openSession(SESSION, 'file-source', {});
  }

  async takeSnapshot(): Promise<void> {
    const { snapshots } = this.files.session();
    if (this.snapshot) await snapshots.remove(this.snapshot, { signal: calm() });
    this.taken += 1;
    const key = `cycle-${this.taken}`;
    this.snapshot = await snapshots.create({ vm: 'vm-1', quiesce: false }, { key, signal: calm() });
  }

  order(more: Partial<StartCopy> = {}): StartCopy {
    return {
      session: SESSION,
      disk: 'vda',
      snapshot: this.snapshot,
      exportName: 'vol',
      sizeBytes: SIZE_BYTES,
      work: { kind: 'full', targetIsZero: false },
      journalIdentity: `${this.snapshot}-vda`,
      correlationId: 'cor-1',
      ...more,
    };
  }

  /** Slow enough that something can happen in the middle: about eight seconds. */
  slowly(): void {
    this.files.bitsPerSecond = '16M';
  }

  /** Whether the target holds what the snapshot holds. */
  async isSame(): Promise<boolean> {
    const [target, source] = await Promise.all([
      readFile(this.targetFile),
      this.files.frozen(`cycle-${this.taken}`, 'vda'),
    ]);
    return target.equals(source);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
    await this.servers.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

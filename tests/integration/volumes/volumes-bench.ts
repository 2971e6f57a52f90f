import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  writeSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DEFAULT_LIMITS,
  ReferenceEngine,
  readJournal,
  type CopyEngine,
  type Journal,
} from '@ossea/copy-engine';
import type { DiskExport } from '@ossea/core';
import type { DiskDescription, TargetSession } from '@ossea/plugin-sdk';
import { plugin as qemuTarget } from '@ossea/plugin-qemu-target';
import { createProcessRunner } from '@ossea/process';
import type { DataSource } from 'typeorm';
import { Connection } from '../../../apps/oma/src/connections/connection.entity.js';
import { openDatabase } from '../../../apps/oma/src/database/data-source.js';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { VmContext } from '../../../apps/oma/src/discovery/vm-context.entity.js';
import { composeVolumes } from '../../../apps/oma/src/volumes/compose-volumes.js';
import { StoredContextTargets } from '../../../apps/oma/src/volumes/context-targets.js';
import type { VolumesService } from '../../../apps/oma/src/volumes/volumes.service.js';
import { NbdServers } from '../../../native/nbd/test/nbd-servers.js';
import { makeDisk, seeded } from '../../../native/nbd/test/disks.js';

export const call = { signal: new AbortController().signal };
export const MIB = 1 << 20;
const CLUSTER = 65_536;
const silent = { log: () => {}, warn: () => {} };

/** The whole volumes room on a database and a QEMU target of its own, with disks of two source files. */
export class VolumesBench {
  readonly directory = mkdtempSync(join(tmpdir(), 'v-'));
  readonly contextId = newId('ctx');
  readonly vmaId = 'vma-bench';
  readonly engine: CopyEngine = new ReferenceEngine();
  readonly servers = new NbdServers(spawn);
  readonly runner = createProcessRunner();
  disks: DiskDescription[] = [];
  database!: DataSource;
  target!: TargetSession;
  volumes!: VolumesService;
  private sequence = 0;
  private readonly random = seeded(7);

  static async start(options: { readonly sizes?: readonly number[]; readonly reserveBytes?: number } = {}) {
    const bench = new VolumesBench();
    const sizes = options.sizes ?? [6 * MIB, 3 * MIB + 512];
    bench.disks = sizes.map((sizeBytes, index) => {
      const key = `vd${String.fromCharCode(97 + index)}`;
      makeDisk(bench.sourceFile(key), sizeBytes, index + 1);
      return { key, backing: key, label: key, sizeBytes, boot: index === 0 };
    });
    await bench.open(options.reserveBytes ?? 0);
    return bench;
  }

  sourceFile(disk: string): string {
    return join(this.directory, `${disk}.src`);
  }

  /** Opens database, target and room; called again it is the next life after a crash. */
  async open(reserveBytes = 0): Promise<void> {
    const at = (name: string) => join(this.directory, name);
    const scratchDir = at('scratch');
    mkdirSync(scratchDir, { recursive: true });
    this.database = await openDatabase({ database: { engine: 'sqlite' }, stateDir: this.directory });
    const context = { log: { debug() {}, info() {}, warn() {}, error() {} }, scratchDir, run: this.runner };
    this.target = (await qemuTarget.connect(
      { poolDir: at('pool'), machinesDir: at('m') },
      context,
      call,
    )) as TargetSession;
    await this.rows();
    this.volumes = composeVolumes({
      database: this.database,
      sessions: { open: () => Promise.resolve(this.target) },
      targets: new StoredContextTargets(this.database),
      settings: {
        spoolDir: at('spool'),
        stateDir: at('state'),
        runDir: at('run'),
        spoolReserveBytes: reserveBytes,
      },
      engine: this.engine,
      runner: this.runner,
      log: silent,
    });
    await this.volumes.recover(call);
  }

  async create(): Promise<void> {
    await this.volumes.create(this.contextId, this.disks, 'volumes-bench', call);
    await this.volumes.attach(this.contextId, call);
  }

  openForCycle(
    destination: 'volume' | 'delta',
    sequence = this.sequence + 1,
  ): Promise<readonly DiskExport[]> {
    const { contextId: context, vmaId, disks } = this;
    return this.volumes.openForCycle({ context, vmaId, sequence, disks, destination }, call);
  }

  /** Copies one disk of the frozen source into its export; `ranges` of clusters, or everything. */
  async copy(target: DiskExport, clusters?: readonly number[]): Promise<Journal> {
    const source = await this.servers.file(this.sourceFile(target.disk));
    const journalPath = join(this.directory, `${target.disk}-${target.delta ?? 'volume'}.journal`);
    const { sizeBytes, exportName } = target;
    try {
      await this.engine.copy(
        {
          source: source.address,
          target: { transport: 'nbd-unix', path: this.volumes.nbdSocketFor(this.vmaId), exportName },
          sizeBytes,
          work: clusters
            ? {
                kind: 'changed',
                ranges: clusters.map((cluster) => ({
                  offset: cluster * CLUSTER,
                  length: Math.min(CLUSTER, sizeBytes - cluster * CLUSTER),
                })),
              }
            : { kind: 'full', targetIsZero: false },
          journalPath,
          journalIdentity: `${target.exportName}/${target.delta ?? 'volume'}`,
          limits: DEFAULT_LIMITS,
        },
        call,
      );
    } finally {
      await source.kill('SIGKILL');
    }
    const journal = await readJournal(journalPath);
    if (!journal) throw new Error('the copy left no journal');
    return journal;
  }

  /** Changes some clusters of a source file; gives their numbers. */
  change(disk: string, count: number): number[] {
    const { sizeBytes } = this.disks.find(({ key }) => key === disk)!;
    const total = Math.ceil(sizeBytes / CLUSTER);
    const clusters = [...new Set(Array.from({ length: count }, () => Math.floor(this.random() * total)))];
    const file = openSync(this.sourceFile(disk), 'r+');
    for (const cluster of clusters) {
      const length = Math.min(CLUSTER, sizeBytes - cluster * CLUSTER);
      // now and then zeroes: they must arrive as such
      const bytes =
        this.random() < 0.3
          ? Buffer.alloc(length)
          : Buffer.alloc(length, 1 + Math.floor(this.random() * 255));
      writeSync(file, bytes, 0, length, cluster * CLUSTER);
    }
    closeSync(file);
    return clusters;
  }

  /** A whole cycle: open, copy, check, digests, close, seal. Incremental after the first. */
  async cycle(): Promise<number> {
    const sequence = this.sequence + 1;
    const first = sequence === 1;
    const changed = new Map(this.disks.map(({ key }) => [key, first ? undefined : this.change(key, 9)]));
    for (const target of await this.openForCycle(first ? 'volume' : 'delta', sequence)) {
      const journal = await this.copy(target, changed.get(target.disk));
      await this.volumes.checkWritten(this.contextId, target, journal, call);
      await this.volumes.stageDigests(this.contextId, target, sequence, journal);
    }
    await this.volumes.closeExports(this.contextId, { ...call, discard: false });
    await this.database.transaction((manager) => this.volumes.seal(manager, this.contextId, sequence));
    this.sequence = sequence;
    for (const { key } of this.disks)
      copyFileSync(this.sourceFile(key), join(this.directory, `${key}.${sequence}`));
    return sequence;
  }

  fold(keep = false): Promise<void> {
    return this.volumes.fold(this.contextId, { ...call, keep });
  }

  /** SHA-256 of each source disk as of a recovery point (now, unless told). */
  sourceHashes(sequence = this.sequence): string[] {
    return this.disks.map(({ key }) => sha256(readFileSync(join(this.directory, `${key}.${sequence}`))));
  }

  /** SHA-256 of what each target volume by itself holds, within the size of its disk. */
  async volumeHashes(): Promise<string[]> {
    const hashes: string[] = [];
    for (const { key, sizeBytes } of this.disks) {
      const path = await this.volumePath(key);
      hashes.push(sha256(readFileSync(path).subarray(0, sizeBytes)));
    }
    return hashes;
  }

  async volumePath(disk: string): Promise<string> {
    const rows: { devicePath: string }[] = await this.database.query(
      `SELECT "devicePath" FROM "volume" WHERE "contextId" = '${this.contextId}' AND "diskKey" = '${disk}'`,
    );
    return rows[0]!.devicePath;
  }

  /** What a process that is killed leaves: children die with it, nothing is given back. */
  async crash(): Promise<void> {
    await this.volumes.close();
    // its lock on the volumes dies with a killed process
    await this.target[Symbol.asyncDispose]();
    await this.database.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.servers.stop();
    await this.volumes.close();
    await this.target[Symbol.asyncDispose]();
    if (this.database.isInitialized) await this.database.destroy();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async rows(): Promise<void> {
    const contexts = this.database.getRepository(VmContext);
    if (await contexts.findOneBy({ id: this.contextId })) return;
    const connections = this.database.getRepository(Connection);
    const connection = await connections.save(
      connections.create({
        id: newId('con'),
        name: 'bench',
        kind: 'target',
        pluginId: 'qemu-target',
        vmaId: null,
        settings: {},
        secrets: {},
      }),
    );
    await contexts.save(
      contexts.create({
        id: this.contextId,
        name: 'machine',
        sourceConnectionId: connection.id,
        targetConnectionId: connection.id,
        vmaId: null,
        sourceVmId: 'vm-1',
        managedKey: null,
        state: 'managed',
        origin: null,
        placement: { format: 'raw', accelerator: 'tcg' },
        machine: null,
        generation: 1,
        autoAdded: false,
        lastCycle: null,
      }),
    );
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

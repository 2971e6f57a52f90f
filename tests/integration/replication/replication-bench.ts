import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import type { Job } from '@ossea/api-contract';
import { ReferenceEngine } from '@ossea/copy-engine';
import type { TargetSession } from '@ossea/plugin-sdk';
import { plugin as qemuTarget } from '@ossea/plugin-qemu-target';
import { createProcessRunner } from '@ossea/process';
import type { DataSource } from 'typeorm';
import { Connection } from '../../../apps/oma/src/connections/connection.entity.js';
import { openDatabase } from '../../../apps/oma/src/database/data-source.js';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { VmContext } from '../../../apps/oma/src/discovery/vm-context.entity.js';
import { FailoverRun } from '../../../apps/oma/src/failover/failover-run.entity.js';
import { LiveFailovers } from '../../../apps/oma/src/failover/live-failovers.js';
import { TestFailovers } from '../../../apps/oma/src/failover/test-failovers.js';
import { Job as JobRow } from '../../../apps/oma/src/jobs/job.entity.js';
import { JobsService } from '../../../apps/oma/src/jobs/jobs.service.js';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import { EngineRun } from '../../../apps/oma/src/replication/runs/run.entities.js';
import { Volume } from '../../../apps/oma/src/volumes/volume.entity.js';
import { VolumesService } from '../../../apps/oma/src/volumes/volumes.service.js';
import { makeDisk } from '../../../native/nbd/test/disks.js';
import { NbdServers } from '../../../native/nbd/test/nbd-servers.js';
import { buildGuestImages } from '../../stack/guest/index.js';
import { startMariaDb, type PrivateMariaDb } from '../../stack/mariadb.js';
import { FileSource } from './file-source.js';
import { LocalCopies } from './local-copies.js';
import { openRooms } from './rooms.js';

const call = { signal: new AbortController().signal };
export const MIB = 1 << 20;
export const caller = { name: 'test', correlationId: 'test-1' };

/** The OMA's jobs, volumes, replication and failover rooms in this process, with a source of files and no tunnel. */
export class ReplicationBench {
  readonly directory = mkdtempSync(join(tmpdir(), 'r-'));
  readonly contextId = newId('ctx');
  readonly vmaId = newId('vma');
  readonly servers = new NbdServers(spawn);
  readonly source = new FileSource(this.directory, this.servers);
  database!: DataSource;
  target!: TargetSession;
  app!: INestApplicationContext;
  copies!: LocalCopies;

  private mariaDb: PrivateMariaDb | undefined;

  static async start(engine: 'sqlite' | 'mariadb' = 'sqlite'): Promise<ReplicationBench> {
    const bench = new ReplicationBench();
    if (engine === 'mariadb') bench.mariaDb = await startMariaDb();
    makeDisk(bench.source.file('vda'), 8 * MIB, 1);
    makeDisk(bench.source.file('vdb'), 3 * MIB + 512, 2);
    await bench.open();
    return bench;
  }

  /** The source's disks are those of the small Linux guest: what arrives at the target can boot. */
  static async startWithGuest(): Promise<ReplicationBench> {
    const bench = new ReplicationBench();
    const directory = join(bench.directory, 'images');
    const diskBytes = { vda: 128 * MIB, vdb: 128 * MIB };
    const images = await buildGuestImages({ directory, diskBytes, fillBytes: 8 * MIB, seed: 'failover' });
    for (const disk of ['vda', 'vdb'] as const)
      await promisify(execFile)('qemu-img', ['convert', '-O', 'raw', images[disk], bench.source.file(disk)]);
    rmSync(directory, { recursive: true });
    await bench.open();
    return bench;
  }

  get replication(): ReplicationService {
    return this.app.get(ReplicationService);
  }
  get jobs(): JobsService {
    return this.app.get(JobsService);
  }
  get tests(): TestFailovers {
    return this.app.get(TestFailovers, { strict: false });
  }
  get live(): LiveFailovers {
    return this.app.get(LiveFailovers, { strict: false });
  }
  get volumes(): VolumesService {
    return this.app.get(VolumesService);
  }

  async open(): Promise<void> {
    const at = (name: string) => join(this.directory, name);
    const scratchDir = at('scratch');
    mkdirSync(scratchDir, { recursive: true });
    this.database = await openDatabase({
      database: this.mariaDb ? { engine: 'mariadb', ...this.mariaDb.login } : { engine: 'sqlite' },
      stateDir: this.directory,
    });
    await this.rows();
    const run = createProcessRunner();
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const settings = { poolDir: at('pool'), machinesDir: at('m') };
    this.target = (await qemuTarget.connect(settings, { log, scratchDir, run }, call)) as TargetSession;
    const engine = new ReferenceEngine();
    const source = this.source.session();
    this.copies = new LocalCopies(source, engine, at('journals'), () =>
      this.volumes.nbdSocketFor(this.vmaId),
    );
    this.app = await openRooms({
      directory: this.directory,
      database: this.database,
      target: () => this.target,
      source: () => source,
      copiesOn: () => this.copies,
    });
  }

  /** Ends this life as a shutdown does; `open` begins the next one. */
  async close(): Promise<void> {
    await this.app.close();
    await this.target[Symbol.asyncDispose]();
    await this.database.destroy();
  }

  /** Ends this life as a crash does: from now on nothing more of it is stored. */
  async crash(): Promise<void> {
    const gone = { ownerId: 'oma-test:gone' };
    await this.database.transaction(async (manager) => {
      await manager.getRepository(EngineRun).update({ state: 'running' }, gone);
      await manager.getRepository(JobRow).update({ state: 'running' }, gone);
    });
    await this.close();
  }

  async cycle(): Promise<Job> {
    return this.end(await this.replication.replicate(this.contextId, caller));
  }

  /** The job when it has ended. */
  end({ id }: Job): Promise<Job> {
    return this.jobs.waitFor(id, 150_000);
  }

  /** A committed machine is the operator's: here the test is the operator. */
  async stopMachines(): Promise<void> {
    const runs = await this.database.getRepository(FailoverRun).findBy({ contextId: this.contextId });
    for (const { machineRef } of runs) if (machineRef) await this.target.machines.remove(machineRef, call);
  }

  context(): Promise<VmContext> {
    return this.database.getRepository(VmContext).findOneByOrFail({ id: this.contextId });
  }

  sourceHashes(): string[] {
    return this.source.disks.map((disk) => sha256(readFileSync(this.source.file(disk))));
  }

  async volumeHashes(): Promise<string[]> {
    const volumes = await this.database
      .getRepository(Volume)
      .find({ where: { contextId: this.contextId }, order: { diskKey: 'ASC' } });
    return volumes.map(({ devicePath, sizeBytes }) =>
      sha256(readFileSync(devicePath!).subarray(0, sizeBytes)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.database.isInitialized) await this.close();
    await this.servers.stop();
    await this.mariaDb?.[Symbol.asyncDispose]();
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
        vmaId: this.vmaId,
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

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import type { Job } from '@ossea/api-contract';
import { ReferenceEngine } from '@ossea/copy-engine';
import { retryRule, type RetryRules } from '@ossea/core';
import type { PluginContext } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import type { DataSource } from 'typeorm';
import { Connection } from '../../../apps/oma/src/connections/connection.entity.js';
import { openDatabase } from '../../../apps/oma/src/database/data-source.js';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { VmContext } from '../../../apps/oma/src/discovery/vm-context.entity.js';
import { Job as JobRow } from '../../../apps/oma/src/jobs/job.entity.js';
import { JobsService } from '../../../apps/oma/src/jobs/jobs.service.js';
import { EngineRun } from '../../../apps/oma/src/replication/runs/run.entities.js';
import { Volume } from '../../../apps/oma/src/volumes/volume.entity.js';
import { VolumesService } from '../../../apps/oma/src/volumes/volumes.service.js';
import { makeDisk } from '../../../native/nbd/test/disks.js';
import { NbdServers } from '../../../native/nbd/test/nbd-servers.js';
import { plugin } from '../../../plugins/cloudstack/src/plugin.js';
import { CloudstackSession, type Pace } from '../../../plugins/cloudstack/src/session.js';
import { CloudstackSimulator } from '../../simulators/cloudstack/cloudstack-simulator.js';
import type { PartialSettings } from '../../simulators/cloudstack/settings.js';
import { fileSha256 } from '../../stack/digests.js';
import { FileSource } from '../replication/file-source.js';
import { LocalCopies } from '../replication/local-copies.js';
import { openRooms } from '../replication/rooms.js';

const KIB = 1024;
const call = { signal: new AbortController().signal };
/** What a CloudStack is given minutes for is given moments here: its jobs last as long as they must. */
const PACE = {
  pollDelaysMs: [10, 20, 40, 80, 160],
  detachAgainMs: 300,
  deviceAppearMs: 2_000,
  deviceGoneMs: 300,
  againMs: 100,
};

/** The engine's own rules, a hundred times as fast. */
const quickly: RetryRules = (code) => {
  const rule = retryRule(code);
  return rule && { ...rule, firstDelayMs: rule.firstDelayMs / 100, maxDelayMs: rule.maxDelayMs / 100 };
};

/** One source machine of the fleet. */
export interface FleetMachine {
  readonly name: string;
  readonly contextId: string;
  readonly vmaId: string;
  readonly connectionId: string;
  readonly source: FileSource;
  readonly copies: LocalCopies;
}

/** Several machines with files as their disks, the OMA's rooms in this process, and CloudStack as the target. */
export class Fleet implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'f-'));
  readonly machines: FleetMachine[] = [];
  readonly servers = new NbdServers(spawn);
  simulator!: CloudstackSimulator;
  target!: CloudstackSession;
  database!: DataSource;
  app!: INestApplicationContext;

  private constructor(
    private readonly connectionSettings: object,
    private readonly pace: Pace,
  ) {}

  /** @param connection settings of the connection beside those that the set-up makes. */
  static async start(
    count: number,
    settings: PartialSettings = {},
    connection: object = {},
    pace: Pace = {},
  ): Promise<Fleet> {
    const fleet = new Fleet(connection, { ...PACE, ...pace });
    try {
      const directory = join(fleet.directory, 'c');
      mkdirSync(directory);
      fleet.simulator = await CloudstackSimulator.start({
        directory,
        runner: createProcessRunner(),
        settings: { detachWaitMs: 200, shutdownWaitMs: 100, ...settings },
      });
      await fleet.openDatabase();
      await fleet.manage(count);
      await fleet.open();
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  get jobs(): JobsService {
    return this.app.get(JobsService);
  }
  get volumes(): VolumesService {
    return this.app.get(VolumesService);
  }
  get<T>(type: abstract new (...args: never[]) => T): T {
    return this.app.get<T>(type, { strict: false });
  }

  /** Ends this life of the OMA as a crash does, and begins the next one; CloudStack goes on. */
  async crash(): Promise<void> {
    const gone = { ownerId: 'oma-test:gone' };
    await this.database.transaction(async (manager) => {
      await manager.getRepository(EngineRun).update({ state: 'running' }, gone);
      await manager.getRepository(JobRow).update({ state: 'running' }, gone);
    });
    await this.app.close();
    await this.target[Symbol.asyncDispose]();
    await this.database.destroy();
    await this.openDatabase();
    await this.open();
  }

  /** The settings of a connection, as the set-up makes them. */
  settings(more: object = {}): ReturnType<typeof plugin.settings.parse> {
    const { ids, url, keys, deviceDir, sysDir, applianceVmId } = this.simulator;
    return plugin.settings.parse({
      apiUrl: url,
      ...keys.user,
      zoneId: ids.zone,
      applianceVmId,
      templateId: ids.template,
      serviceOfferingId: ids.customOffering,
      diskOfferingId: ids.customDiskOffering,
      networkId: ids.production,
      testNetworkOfferingId: ids.isolatedNetworkOffering,
      hostPaths: { deviceDir, sysDir },
      ...this.connectionSettings,
      ...more,
    });
  }

  async end({ id }: Job): Promise<Job> {
    const job = await this.jobs.waitFor(id, 120_000);
    if (job.endedAt === undefined) throw new Error(`${job.kind} does not end: ${JSON.stringify(job.steps)}`);
    return job;
  }

  context({ contextId }: FleetMachine): Promise<VmContext> {
    return this.database.getRepository(VmContext).findOneByOrFail({ id: contextId });
  }

  sourceHashes({ source }: FleetMachine): string[] {
    return source.disks.map((disk) => sha256(readFileSync(source.file(disk))));
  }

  /** Over the size of the source disks. Throws when anything stands behind it. */
  async volumeHashes({ contextId }: FleetMachine): Promise<string[]> {
    const volumes = await this.volumesOf(contextId);
    const hashes: string[] = [];
    for (const { ref, sizeBytes } of volumes)
      hashes.push(await fileSha256(this.simulator.volumePath(ref!), sizeBytes));
    return hashes;
  }

  volumesOf(contextId: string): Promise<Volume[]> {
    return this.database.getRepository(Volume).find({ where: { contextId }, order: { diskKey: 'ASC' } });
  }

  /** Whatever is at CloudStack and should not be, in words. */
  async orphans(): Promise<string[]> {
    const { applianceVmId } = this.simulator;
    const { volumes, machines, snapshots, networks } = this.simulator.inventory();
    const known = new Set((await this.database.getRepository(Volume).find()).map(({ ref }) => ref));
    return [
      ...volumes
        .filter(({ id, type, vmId }) => !known.has(id) && !(type === 'ROOT' && vmId === applianceVmId))
        .map(({ name, state }) => `volume ${name} (${state})`),
      ...machines
        .filter(({ id }) => id !== applianceVmId)
        .map(({ name, state }) => `machine ${name} (${state})`),
      ...snapshots.map(({ name, state }) => `snapshot ${name} (${state})`),
      ...networks.filter(({ name }) => /-ossea[0-9a-f]{12}$/.test(name)).map(({ name }) => `network ${name}`),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app?.close();
    await this.target?.[Symbol.asyncDispose]();
    if (this.database?.isInitialized) await this.database.destroy();
    await this.servers.stop();
    await this.simulator?.[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async openDatabase(): Promise<void> {
    this.database = await openDatabase({ database: { engine: 'sqlite' }, stateDir: this.directory });
  }

  /** Another session on the same account, as a later life of the appliance has it. */
  session(pace: Pace = this.pace): Promise<CloudstackSession> {
    const scratchDir = join(this.directory, 'scratch');
    mkdirSync(scratchDir, { recursive: true });
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const context: PluginContext = { log, scratchDir, run: createProcessRunner() };
    return CloudstackSession.open(this.settings(), context, call, pace);
  }

  private async open(): Promise<void> {
    this.target = await this.session();
    const byConnection = (id: string) => this.machines.find(({ connectionId }) => connectionId === id)!;
    this.app = await openRooms({
      directory: this.directory,
      database: this.database,
      target: () => this.target,
      source: (connectionId) => byConnection(connectionId).source.session(),
      settings: { retryRules: quickly },
      copiesOn: (_vmaId, connectionId) => byConnection(connectionId).copies,
    });
  }

  private async manage(count: number): Promise<void> {
    const target = await this.connection('target', 'cloudstack');
    for (let index = 0; index < count; index += 1) {
      const name = `machine-${index + 1}`;
      const directory = join(this.directory, name);
      mkdirSync(directory);
      const source = new FileSource(directory, this.servers, name);
      makeDisk(source.file('vda'), 1_024 * KIB, index * 2 + 1);
      makeDisk(source.file('vdb'), 320 * KIB + 512, index * 2 + 2);
      const vmaId = newId('vma');
      const copies = new LocalCopies(source.session(), new ReferenceEngine(), join(directory, 'j'), () =>
        this.volumes.nbdSocketFor(vmaId),
      );
      const connectionId = await this.connection('source', name);
      const machine = { name, contextId: newId('ctx'), vmaId, connectionId, source, copies };
      this.machines.push(machine);
      const contexts = this.database.getRepository(VmContext);
      await contexts.save(
        contexts.create({
          id: machine.contextId,
          name,
          sourceConnectionId: connectionId,
          targetConnectionId: target,
          vmaId,
          sourceVmId: 'vm-1',
          managedKey: null,
          state: 'managed',
          origin: null,
          placement: {},
          machine: null,
          generation: 1,
          autoAdded: false,
          lastCycle: null,
        }),
      );
    }
  }

  private async connection(kind: 'source' | 'target', name: string): Promise<string> {
    const connections = this.database.getRepository(Connection);
    const row = { id: newId('con'), name, kind, pluginId: 'bench', vmaId: null, settings: {}, secrets: {} };
    return (await connections.save(connections.create(row))).id;
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

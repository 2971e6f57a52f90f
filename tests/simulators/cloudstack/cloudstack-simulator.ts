import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessRunner } from '@ossea/process';
import type { Cloud } from './cloud.js';
import { FaultBook, type CloudstackFault } from './fault-book.js';
import { takeInventory, type SimInventory } from './inventory.js';
import { JobBoard } from './jobs/job-board.js';
import { MachineHost } from './machines/machine-host.js';
import { Operator } from './operator.js';
import { ApiServer } from './protocol/api-server.js';
import { RequestHandler } from './protocol/request-handler.js';
import type { LoggedRequest } from './protocol/request-log.js';
import { settingsWith, type CloudstackSettings, type PartialSettings } from './settings.js';
import type { Account } from './state/model.js';
import { seedWorld, type SeededIds } from './state/seed.js';
import { ApplianceDevices } from './storage/appliance-devices.js';
import { VolumeFiles } from './storage/volume-files.js';
import { Throttle } from './throttle.js';
import { Violations } from './violations.js';

export type { CloudstackFault } from './fault-book.js';
export type { SimInventory, SimJob, SimMachine, SimNetwork, SimSnapshot, SimVolume } from './inventory.js';
export type { LoggedRequest } from './protocol/request-log.js';
export type { CloudstackSettings, PartialSettings, ResourceLimits } from './settings.js';

export interface CloudstackKeys {
  readonly apiKey: string;
  readonly secretKey: string;
}

export interface CloudstackSimulatorOptions {
  /** Everything lies below; a short path, because the sockets of the machines lie in it. */
  readonly directory: string;
  readonly runner: ProcessRunner;
  readonly settings?: PartialSettings;
}

/** A CloudStack of our own on the loopback, whose volumes are files and whose machines run in QEMU. */
export class CloudstackSimulator extends Operator implements AsyncDisposable {
  /** The API: `http://127.0.0.1:<port>/client/api`. */
  readonly url: string;
  readonly keys: {
    readonly admin: CloudstackKeys;
    readonly user: CloudstackKeys;
    readonly stranger: CloudstackKeys;
  };
  /** Changed while it runs. */
  readonly settings: CloudstackSettings;
  readonly ids: SeededIds;
  readonly applianceVmId: string;
  readonly applianceMac: string;
  /** Where the appliance finds its devices: `virtio-<serial>` leads to the volume's file. */
  readonly deviceDir: string;
  /** What the appliance reads of itself below /sys. */
  readonly sysDir: string;
  private constructor(
    cloud: Cloud,
    private readonly server: ApiServer,
    private readonly faults: FaultBook,
    seeded: ReturnType<typeof seedWorld>,
  ) {
    const { accounts, appliance, ids } = seeded;
    super(cloud, appliance);
    this.url = server.url;
    this.keys = {
      admin: keysOf(accounts.admin),
      user: keysOf(accounts.user),
      stranger: keysOf(accounts.stranger),
    };
    this.settings = cloud.settings;
    this.ids = ids;
    this.applianceVmId = appliance.id;
    this.applianceMac = appliance.nics[0]!.mac;
    this.deviceDir = cloud.devices.deviceDir;
    this.sysDir = cloud.devices.sysDir;
  }

  static async start(options: CloudstackSimulatorOptions): Promise<CloudstackSimulator> {
    await mkdir(join(options.directory, 'm'), { recursive: true });
    // who has a file open is found by the file's real path
    const directory = await realpath(options.directory);
    const settings = settingsWith(options.settings);
    const seeded = seedWorld();
    const { world, appliance } = seeded;
    const files = new VolumeFiles(directory, options.runner);
    const devices = new ApplianceDevices(directory);
    const machines = new MachineHost(join(directory, 'm'), options.runner);
    const violations = new Violations({ world, files, devices, machines });
    const failed = (what: string, error: unknown): void =>
      violations.add(
        `the simulator failed at ${what}: ${error instanceof Error ? error.stack : String(error)}`,
      );
    const jobs = new JobBoard(settings, { ended: () => violations.lookSometimes(), unexpected: failed });
    const cloud = {
      ...{ world, settings, jobs, files, devices, machines, violations },
      throttle: new Throttle(settings),
      withdrawn: new Set<string>(),
      origin: (): string => server.origin,
    };
    const faults = new FaultBook();
    const server = new ApiServer({
      handler: new RequestHandler(cloud, faults),
      version: () => settings.version,
      failed: (error) => failed('a request', error),
    });
    await files.prepare();
    await devices.prepare(appliance);
    for (const root of world.volumesOf(appliance)) {
      await files.create(root.id, root.sizeBytes);
      await devices.plug(root.id, files.volumePath(root.id));
    }
    await server.listen();
    return new CloudstackSimulator(cloud, server, faults, seeded);
  }

  /** The same, where a test wants to say who does it. */
  get operator(): Operator {
    return this;
  }

  /** Every request, also those that were refused. */
  requests(): readonly LoggedRequest[] {
    return this.server.log.all();
  }

  inventory(): SimInventory {
    return takeInventory(this.cloud);
  }

  /** What must never happen, and did; also failures of the simulator itself. */
  violations(): readonly string[] {
    return this.cloud.violations.all();
  }

  inject(fault: CloudstackFault): void {
    this.faults.add(fault);
  }

  clearFaults(): void {
    this.faults.clear();
  }

  /** From now on no ordinary user's role has the command. */
  withdraw(command: string): void {
    this.cloud.withdrawn.add(command);
  }

  permit(command: string): void {
    this.cloud.withdrawn.delete(command);
  }

  volumePath(volumeId: string): string {
    return this.cloud.files.volumePath(volumeId);
  }

  /**
   * Reads a volume as nobody in the cloud could: what is given here may be open while the volume is attached to a
   * machine, and counts neither as the appliance's nor against a detach. Only for reading.
   */
  readVolume<T>(volumeId: string, reading: (path: string) => Promise<T>): Promise<T> {
    return this.cloud.files.lend(this.volumePath(volumeId), reading);
  }

  /** What a machine of ours prints to its serial console. */
  serialLogPath(vmId: string): string {
    return this.cloud.machines.serialLogPath({ id: vmId });
  }

  /** Ends the server and the machines that it started. The files stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.cloud.jobs.close();
    await this.cloud.machines.stopAll();
  }
}

const keysOf = ({ apiKey, secretKey }: Account): CloudstackKeys => ({ apiKey, secretKey });

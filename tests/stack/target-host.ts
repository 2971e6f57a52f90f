import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from '@ossea/api-contract';
import { machinePaths } from '@ossea/qemu';
import type { ApiClient } from './api-client.js';
import { stopMachines } from './source-host.js';

/** A target volume from outside: it may be larger than the disk in it. */
export interface TargetVolume {
  readonly path: string;
  /** Of the source disk. */
  readonly sizeBytes: number;
  /** Lets somebody read the file who is a witness, and not a user of the volume. */
  readonly read: <T>(reader: (path: string) => Promise<T>) => Promise<T>;
}

/** Where machines go to in a stack, as tests see it from outside of the product. */
export interface TargetHost {
  /** Where the QEMU processes of target machines are defined. */
  readonly machinesDir: string;
  /** What people should know of it, where it is not what it seems. */
  readonly note?: string;
  /** What is chosen for each machine. */
  readonly placement: Readonly<Record<string, unknown>>;
  /** Makes the connection as people do it, and gives its id. */
  connect(api: ApiClient): Promise<string>;
  /** The file of a volume. */
  volumePath(volumeRef: string): Promise<string>;
  /** Reads the file of a volume, whoever has it: a witness is nobody that a target must mind. */
  readVolume<T>(volumeRef: string, read: (path: string) => Promise<T>): Promise<T>;
  /** Where a target machine's serial console is written to. */
  serialLog(machineRef: string): string;
  /** What of ours is there although everything is over, in words. */
  left(): Promise<string[]>;
  stop(): Promise<void>;
}

/** The pool of the QEMU target. */
export class QemuTargetHost implements TargetHost {
  readonly placement = { format: 'raw' };

  constructor(
    private readonly poolDir: string,
    readonly machinesDir: string,
    private readonly name = 'QEMU target',
  ) {}

  async connect(api: ApiClient): Promise<string> {
    const { name, poolDir, machinesDir } = this;
    const { id } = await api.post<Connection>('/api/v1/connections', {
      name,
      kind: 'target',
      pluginId: 'qemu-target',
      settings: { poolDir, machinesDir },
    });
    return id;
  }

  /** As the record in the pool says. */
  async volumePath(volumeRef: string): Promise<string> {
    const volumes = join(this.poolDir, 'volumes');
    const record = await readFile(join(volumes, `${volumeRef}.json`), 'utf8');
    return join(volumes, (JSON.parse(record) as { file: string }).file);
  }

  async readVolume<T>(volumeRef: string, read: (path: string) => Promise<T>): Promise<T> {
    return read(await this.volumePath(volumeRef));
  }

  serialLog(machineRef: string): string {
    return machinePaths(this.machinesDir, machineRef).serialLog;
  }

  async left(): Promise<string[]> {
    const names = await readdir(join(this.poolDir, 'snapshots')).catch(() => []);
    return names.map((name) => `snapshot in the pool ${name}`);
  }

  stop(): Promise<void> {
    return stopMachines(this.machinesDir);
  }
}

import type { Connection, TargetSetUp } from '@ossea/api-contract';
import { createProcessRunner } from '@ossea/process';
import { CloudstackSimulator } from '../simulators/cloudstack/cloudstack-simulator.js';
import type { ApiClient } from './api-client.js';
import type { TargetHost } from './target-host.js';

/** A CloudStack that answers on this box: its API is the simulator's, its volumes and machines are real. */
export class CloudstackTargetHost implements TargetHost {
  readonly placement = {};

  private constructor(
    readonly simulator: CloudstackSimulator,
    readonly machinesDir: string,
  ) {}

  static async start(directory: string): Promise<CloudstackTargetHost> {
    const simulator = await CloudstackSimulator.start({ directory, runner: createProcessRunner() });
    return new CloudstackTargetHost(simulator, `${directory}/m`);
  }

  get note(): string {
    return `CloudStack is a simulator at ${this.simulator.url}; its volumes and machines are real.`;
  }

  /** The credentials of step one. */
  get credentials(): Readonly<Record<string, unknown>> {
    const { url, keys, deviceDir, sysDir } = this.simulator;
    return { apiUrl: url, ...keys.user, hostPaths: { deviceDir, sysDir } };
  }

  /** In three steps, choosing what is recommended. */
  async connect(api: ApiClient): Promise<string> {
    const base = '/api/v1/settings/cloudstack';
    const { id, discovery } = await api.post<TargetSetUp>(`${base}/discover-all`, {
      credentials: this.credentials,
    });
    const selection: Record<string, string> = { applianceVmId: discovery.appliance.id ?? '' };
    for (const { field, items } of discovery.resources) {
      const usable = items.filter(({ unsuitable }) => unsuitable === undefined);
      const item = usable.find(({ recommended }) => recommended) ?? usable[0];
      if (field !== undefined && item) selection[field] = item.value;
    }
    const { result } = await api.run(`${base}/validate`, { setUpId: id, selection });
    if (result?.['overall'] === 'fail') throw new Error(`the set-up fails: ${JSON.stringify(result)}`);
    const connection = await api.post<Connection>(`${base}/save`, { setUpId: id, name: 'CloudStack' });
    return connection.id;
  }

  volumePath(volumeRef: string): Promise<string> {
    return Promise.resolve(this.simulator.volumePath(volumeRef));
  }

  /** Under a second name: the simulator holds whoever has a volume open to its rules. */
  readVolume<T>(volumeRef: string, read: (path: string) => Promise<T>): Promise<T> {
    return this.simulator.readVolume(volumeRef, read);
  }

  serialLog(machineRef: string): string {
    return this.simulator.serialLogPath(machineRef);
  }

  /** A machine that was committed keeps its volumes; besides them and the appliance nothing may be there. */
  left(): Promise<string[]> {
    const { applianceVmId } = this.simulator;
    const { volumes, machines, snapshots, networks } = this.simulator.inventory();
    const kept = new Set(machines.map(({ id }) => id));
    return Promise.resolve([
      ...this.simulator.violations().map((what) => `violation at CloudStack: ${what}`),
      ...snapshots.map(({ name }) => `snapshot at CloudStack ${name}`),
      ...networks.filter(({ name }) => /-ossea[0-9a-f]{12}$/.test(name)).map(({ name }) => `network ${name}`),
      ...volumes
        .filter(
          ({ type, vmId }) =>
            vmId === undefined || !kept.has(vmId) || (vmId === applianceVmId && type !== 'ROOT'),
        )
        .map(({ name, vmId }) => `volume ${name} ${vmId === undefined ? 'of nobody' : `at ${vmId}`}`),
    ]);
  }

  stop(): Promise<void> {
    return this.simulator[Symbol.asyncDispose]();
  }
}

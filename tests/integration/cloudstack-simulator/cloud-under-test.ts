import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcessRunner } from '@ossea/process';
import {
  CloudstackSimulator,
  type PartialSettings,
} from '../../simulators/cloudstack/cloudstack-simulator.js';
import { CsClient, type Json } from './cs-client.js';

/** A simulator in a directory of its own and a client that is none of ours; gone with what they made. */
export class CloudUnderTest implements AsyncDisposable {
  private constructor(
    readonly directory: string,
    readonly simulator: CloudstackSimulator,
    readonly cs: CsClient,
  ) {}

  static async start(settings: PartialSettings = {}): Promise<CloudUnderTest> {
    const directory = await mkdtemp(join(tmpdir(), 'cs-'));
    const simulator = await CloudstackSimulator.start({ directory, runner: createProcessRunner(), settings });
    return new CloudUnderTest(directory, simulator, new CsClient(simulator));
  }

  /** A volume of 1 GiB that is only a row yet. */
  async volume(name = 'disk'): Promise<string> {
    const { customDiskOffering: diskofferingid, zone: zoneid } = this.simulator.ids;
    const made = await this.cs.call('createVolume', { name, diskofferingid, zoneid, size: 1 });
    return (made as { volume: { id: string } }).volume.id;
  }

  attach(id: string, virtualmachineid = this.simulator.applianceVmId, deviceid?: number): Promise<Json> {
    return this.cs.call('attachVolume', { id, virtualmachineid, deviceid });
  }

  /** A volume that is attached to the appliance. */
  async attachedVolume(name = 'disk'): Promise<string> {
    const id = await this.volume(name);
    await this.attach(id);
    return id;
  }

  /** One that was attached and is not any more: it has content, and no machine. */
  async detachedVolume(name = 'disk'): Promise<string> {
    const id = await this.attachedVolume(name);
    await this.cs.call('detachVolume', { id });
    return id;
  }

  /** A machine that is off, with the dummy root of its template. */
  async machine(name: string, more: Record<string, unknown> = {}): Promise<string> {
    const { fixedOffering, zone, template, production } = this.simulator.ids;
    const made = await this.cs.call('deployVirtualMachine', {
      ...{ name, serviceofferingid: fixedOffering, zoneid: zone, templateid: template },
      ...{ networkids: production, startvm: false, ...more },
    });
    return (made as { virtualmachine: { id: string } }).virtualmachine.id;
  }

  rootOf(vmId: string): string {
    const root = this.simulator.inventory().volumes.find((one) => one.vmId === vmId && one.type === 'ROOT');
    if (!root) throw new Error(`the machine ${vmId} has no root`);
    return root.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cs[Symbol.asyncDispose]();
    try {
      await this.simulator[Symbol.asyncDispose]();
    } finally {
      await rm(this.directory, { recursive: true, force: true });
    }
  }
}

import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PluginContext } from '@ossea/plugin-sdk';
import { API_KEY, SECRET_KEY, SmallApi, type Asked, type Told } from '../../client/testing/small-api.js';

export const APPLIANCE_UUID = '4f2c1a52-0000-4000-8000-00000000000a';
export const MAC = '02:00:5e:00:00:0a';
const GIB = 1024 ** 3;
const owner = { account: 'ops', domainid: 'd1' };

export const ZONE = { id: 'z1', name: 'Zone One', networktype: 'Advanced', allocationstate: 'Enabled' };
export const APPLIANCE = {
  id: APPLIANCE_UUID,
  name: 'oma-1',
  displayname: 'OMA',
  state: 'Running',
  hypervisor: 'KVM',
  zoneid: 'z1',
  zonename: 'Zone One',
  nic: [{ id: 'n', networkid: 'net1', macaddress: MAC }],
  ...owner,
};
export const TEMPLATE = {
  id: 't1',
  name: 'tiny',
  zoneid: 'z1',
  zonename: 'Zone One',
  hypervisor: 'KVM',
  isready: true,
  size: 50 * 1024 ** 2,
};
export const SERVICE_OFFERING = { id: 's1', name: 'Custom', iscustomized: true };
export const DISK_OFFERING = { id: 'd1', name: 'Custom disk', iscustomized: true, storagetype: 'shared' };
export const NETWORK = { id: 'net1', name: 'lan', zoneid: 'z1', type: 'Isolated', canusefordeploy: true };
export const NETWORK_OFFERING = {
  id: 'no1',
  name: 'Isolated with NAT',
  guestiptype: 'Isolated',
  state: 'Enabled',
  traffictype: 'Guest',
  isdefault: true,
};
export const ACCOUNT = {
  id: 'a1',
  name: 'ops',
  domainid: 'd1',
  domain: 'ROOT',
  domainpath: 'ROOT',
  roletype: 'User',
  vmavailable: '5',
  volumeavailable: 'Unlimited',
};
export const SELECTION = {
  zoneId: 'z1',
  applianceVmId: APPLIANCE_UUID,
  templateId: 't1',
  serviceOfferingId: 's1',
  diskOfferingId: 'd1',
  networkId: 'net1',
  testNetworkOfferingId: 'no1',
};
const FORBIDDEN = {
  fault: 401,
  text: 'unable to verify user credentials and/or request signature',
};

export const listOf = (key: string, ...items: readonly object[]): Told =>
  items.length === 0 ? {} : { count: items.length, [key]: items };

/** Things that go wrong in a trial volume's life. */
export interface Trouble {
  readonly attach?: Told;
  readonly detach?: Told;
  readonly delete?: Told;
  /** The guest does not see the disk. */
  readonly noDevice?: boolean;
}

/** A small installation with one user account and one appliance, whose sysfs and devices are files in a directory. */
export class SmallCloud {
  readonly api = new SmallApi();
  readonly logged: string[] = [];
  private dir = '';
  private volume: Record<string, unknown> | undefined;

  async start(trouble: Trouble = {}): Promise<this> {
    this.dir = await mkdtemp(join(tmpdir(), 'small-cloud-'));
    await this.put('sys/class/dmi/id/product_uuid', `${APPLIANCE_UUID.toUpperCase()}\n`);
    await this.put('sys/class/net/eth0/address', `${MAC}\n`);
    await this.put('sys/class/net/lo/address', '00:00:00:00:00:00\n');
    await mkdir(join(this.dir, 'by-id'), { recursive: true });
    await this.api.listen();
    this.answer(trouble);
    return this;
  }

  get credentials() {
    return {
      apiUrl: this.api.url,
      apiKey: API_KEY,
      secretKey: SECRET_KEY,
      hostPaths: { deviceDir: join(this.dir, 'by-id'), sysDir: join(this.dir, 'sys') },
    };
  }

  get context(): PluginContext {
    const note = (message: string) => void this.logged.push(message);
    const log = { debug: note, info: note, warn: note, error: note };
    return { log, scratchDir: this.dir, run: {} as PluginContext['run'] };
  }

  /** Puts a file of the appliance's there; without a text it is taken away. */
  async put(path: string, text?: string): Promise<void> {
    const file = join(this.dir, path);
    if (text === undefined) return rm(file, { recursive: true, force: true });
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
  }

  /** What there is of trial volumes. */
  get left(): unknown {
    return this.volume;
  }

  async stop(): Promise<void> {
    await this.api.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  private answer(trouble: Trouble): void {
    const { api } = this;
    api
      .on('listZones', listOf('zone', ZONE))
      .on('listCapabilities', { capability: { cloudstackversion: '4.22.0.0', kvmsnapshotenabled: true } })
      .on('listAccounts', listOf('account', ACCOUNT))
      .on('listVirtualMachines', (asked: Asked) =>
        asked.parameters['id'] === undefined || asked.parameters['id'] === APPLIANCE.id
          ? listOf('virtualmachine', APPLIANCE)
          : { fault: 431, text: 'Invalid parameter id: entity does not exist' },
      )
      .on('listVMSnapshot', {})
      .on('listTemplates', listOf('template', TEMPLATE))
      .on('listServiceOfferings', listOf('serviceoffering', SERVICE_OFFERING))
      .on('listDiskOfferings', listOf('diskoffering', DISK_OFFERING))
      .on('listNetworks', listOf('network', NETWORK))
      .on('listNetworkOfferings', listOf('networkoffering', NETWORK_OFFERING))
      .on('listResourceLimits', listOf('resourcelimit', { resourcetype: '2', max: 20 }));
    for (const command of ['listHypervisorCapabilities', 'listStoragePools', 'listHosts', 'listCapacity'])
      api.on(command, FORBIDDEN);
    api
      .on('listVolumes', ({ parameters }: Asked) => this.volumesFor(parameters))
      .on('createVolume', ({ parameters }: Asked) => {
        const { name } = parameters;
        this.volume = {
          id: 'b1946ac9-2492-4d23-8a3f-5fd5c0de0001',
          name,
          type: 'DATADISK',
          state: 'Allocated',
        };
        return { jobid: 'create', id: this.volume['id'] };
      })
      .on('attachVolume', (asked: Asked) => trouble.attach ?? this.attach(asked, trouble.noDevice ?? false))
      .on('detachVolume', () => trouble.detach ?? this.detach())
      .on('deleteVolume', () => {
        if (trouble.delete) return trouble.delete;
        this.volume = undefined;
        return { success: true };
      })
      .on('queryAsyncJobResult', ({ parameters }: Asked) => ({
        jobid: parameters['jobid'],
        jobstatus: 1,
        jobresult: { volume: this.volume },
      }));
  }

  private volumesFor({ name, id, virtualmachineid }: Readonly<Record<string, string>>): Told {
    const root = { id: 'root', name: 'ROOT-1', type: 'ROOT', state: 'Ready', deviceid: 0, virtualmachineid };
    const all = [...(virtualmachineid === undefined ? [] : [root]), ...(this.volume ? [this.volume] : [])];
    const found = all.filter(
      (one) =>
        (name === undefined || String(one['name']).includes(name)) &&
        (id === undefined || one['id'] === id) &&
        (virtualmachineid === undefined || one['virtualmachineid'] === virtualmachineid),
    );
    return listOf('volume', ...found);
  }

  private attach({ parameters }: Asked, noDevice: boolean): Told {
    const { virtualmachineid, deviceid } = parameters;
    this.volume = { ...this.volume, state: 'Ready', size: GIB, virtualmachineid, deviceid: Number(deviceid) };
    if (!noDevice) void writeFile(this.device, '').then(() => truncate(this.device, GIB));
    return { jobid: 'attach' };
  }

  private detach(): Told {
    // JSON leaves out what is undefined, as the server leaves out what is null
    this.volume = { ...this.volume, virtualmachineid: undefined, deviceid: undefined };
    rmSync(this.device, { force: true });
    return { jobid: 'detach' };
  }

  private get device(): string {
    return join(this.dir, 'by-id', 'virtio-b1946ac924924d238a3f');
  }
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vcsim, vcsimPrograms } from '../../simulators/vcsim/vcsim.js';
import { SoapSession, VM } from './soap-session.js';

let vcsim: Vcsim;
let session: SoapSession;
let moref = '';
beforeAll(async () => {
  vcsim = await Vcsim.start({ hosts: 2 });
  session = await SoapSession.login(vcsim);
  moref = await vcsim.moref(VM);
}, 240_000);
afterAll(() => vcsim?.[Symbol.asyncDispose]());

describe('the inventory', () => {
  it('takes properties of any entity, and tells whoever waits for them', async () => {
    await session.call(
      'CreateFilter',
      session.collector,
      '<spec><propSet><type>VirtualMachine</type><pathSet>guest.hostName</pathSet></propSet>' +
        `<objectSet><obj type="VirtualMachine">${moref}</obj></objectSet></spec><partialUpdates>false</partialUpdates>`,
    );
    const wait = (version: string) =>
      session.call('WaitForUpdatesEx', session.collector, `<version>${version}</version>`);
    const version = /<version>([^<]+)/.exec(await wait(''))![1]!;
    const update = wait(version);
    await vcsim.mergeVm(VM, {
      guest: { hostName: 'db.example', net: [{ macAddress: '00:50:56:00:00:01', connected: true }] },
    });
    expect(await update).toContain('>db.example<');

    await vcsim.merge('HostSystem', 'DC0_C0_H1', { summary: { runtime: { inMaintenanceMode: true } } });
    await vcsim.merge('Datastore', 'LocalDS_0', { summary: { type: 'vsan' } });
    await expect(vcsim.mergeVm(VM, { guest: { bogus: 1 } })).rejects.toThrow('guest.bogus');
  });

  it('takes devices of any type', async () => {
    await vcsim.addDevice(VM, { type: 'VirtualTPM' });
    const key = await vcsim.addDevice(VM, {
      type: 'VirtualDisk',
      fields: { capacityInBytes: 1 << 20, capacityInKB: 1024, controllerKey: 1000, unitNumber: 9 },
      backing: {
        type: 'VirtualDiskRawDiskMappingVer1BackingInfo',
        fields: { fileName: '[LocalDS_0] x/rdm.vmdk', compatibilityMode: 'physicalMode' },
      },
    });
    const xml = await session.properties('VirtualMachine', moref, ['config.hardware.device']);
    expect(xml).toContain('type="VirtualTPM"');
    expect(xml).toContain(`<key>${key}</key>`);
    expect(xml).toContain('<compatibilityMode>physicalMode<');
  });

  it('is also what govc sees', async () => {
    const { govc } = await vcsimPrograms();
    const user = encodeURIComponent(vcsim.username);
    const url = `https://${user}:${vcsim.password}@${vcsim.host}:${vcsim.port}/sdk`;
    const env = { ...process.env, GOVC_URL: url, GOVC_INSECURE: '1', GOVC_PERSIST_SESSION: 'false' };
    const { stdout } = await promisify(execFile)(govc, ['vm.info', '-json', VM], { env });
    const [machine] = (JSON.parse(stdout) as { VirtualMachines: { Guest: { HostName: string } }[] })
      .VirtualMachines;
    expect(machine!.Guest.HostName).toBe('db.example');
  });
});

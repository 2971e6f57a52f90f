import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';

let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start({ jobMs: 5 });
});
afterAll(() => cloud?.[Symbol.asyncDispose]());

let names = 0;
function wanted(more: Record<string, unknown> = {}): Record<string, unknown> {
  const { fixedOffering, zone, template, production } = cloud.simulator.ids;
  names += 1;
  const base = {
    serviceofferingid: fixedOffering,
    zoneid: zone,
    templateid: template,
    networkids: production,
  };
  return { ...base, name: `vm-${names}`, startvm: false, ...more };
}
async function refused(more: Record<string, unknown>): Promise<string> {
  const { admin: keys } = cloud.simulator.keys;
  const owned = { ...wanted(more), account: 'migration', domainid: await domain() };
  const { status, error } = await cloud.cs.refused('deployVirtualMachine', owned as never, { keys });
  return `${status} ${error.errortext}`;
}
const deploy = async (more: Record<string, unknown> = {}) =>
  (await cloud.cs.call('deployVirtualMachine', wanted(more) as never)).virtualmachine;
const domain = async () => (await cloud.cs.call('listAccounts')).account[0].domainid as string;

describe('deploying a machine', () => {
  it('without starting it makes rows alone', async () => {
    const asked = await cloud.cs.call('deployVirtualMachine', wanted({ name: 'rows-alone' }) as never, {
      wait: false,
    });
    expect(asked).toEqual({ id: expect.any(String), jobid: expect.any(String) });
    const { virtualmachine } = await cloud.cs.call('listVirtualMachines', { id: asked.id });
    expect(virtualmachine[0]).toMatchObject({
      ...{ name: 'rows-alone', state: 'Stopped', cpunumber: 1, memory: 256, hypervisor: 'KVM' },
      nic: [{ networkid: cloud.simulator.ids.production, isdefault: true, ipaddress: '10.10.0.2' }],
    });
    const volumes = await cloud.cs.call('listVolumes', { virtualmachineid: asked.id, type: 'ROOT' });
    expect(volumes.volume).toMatchObject([
      { state: 'Allocated', type: 'ROOT', deviceid: 0, templateid: cloud.simulator.ids.template },
    ]);
  });

  it('gives every card its network, address and MAC', async () => {
    const { production, shared } = cloud.simulator.ids;
    const machine = await deploy({
      networkids: undefined,
      iptonetworklist: [
        { networkid: shared, ip: '10.20.0.77', mac: '02:00:00:aa:bb:01' },
        { networkid: production, mac: '02:00:00:AA:BB:02' },
      ],
    });
    expect(machine.nic).toMatchObject([
      { networkid: shared, ipaddress: '10.20.0.77', macaddress: '02:00:00:aa:bb:01', isdefault: true },
      { networkid: production, macaddress: '02:00:00:aa:bb:02', isdefault: false },
    ]);
  });

  it('is refused where its networks are not good', async () => {
    const { production, shared, otherAccountNetwork, zone } = cloud.simulator.ids;
    const list = (...elements: object[]) => ({ networkids: undefined, iptonetworklist: elements });
    expect(await refused({ iptonetworklist: [{ networkid: production }] })).toBe(
      "431 ipToNetworkMap can't be specified along with networkIds or ipAddress",
    );
    expect(await refused({ networkids: `${production},${production}` })).toContain(
      '431 Network is specified more',
    );
    expect(await refused(list({ networkid: shared }, { networkid: shared }))).toContain(
      '431 Network is specified',
    );
    expect(await refused({ networkids: undefined })).toBe('431 At least one network is required');
    expect(await refused({ networkids: otherAccountNetwork })).toBe(
      `531 Unable to use network with id= ${otherAccountNetwork}, permission denied`,
    );
    expect(await refused({ networkids: zone })).toContain('431 Unable to execute API command');
    expect(await refused(list({ networkid: production, mac: '01:00:00:00:00:01' }))).toContain(
      '431 Invalid MAC',
    );
    expect(await refused(list({ networkid: production, ip: '10.99.0.1' }))).toContain(
      '533 Unable to acquire',
    );
    cloud.simulator.operator.setNetworkState(shared, 'Shutdown');
    expect(await refused({ networkids: shared })).toContain('534 ');
    cloud.simulator.operator.setNetworkState(shared, 'Setup');
  });

  it('is refused a name that is none, or taken in the network domain', async () => {
    for (const name of ['1st', '-x', 'x-', 'under_score', 'a'.repeat(64)])
      expect(await refused({ name })).toContain(
        "431 Invalid name. Vm name can contain ASCII letters 'a' through 'z'",
      );
    await deploy({ name: 'taken' });
    expect(await refused({ name: 'Taken' })).toBe(
      '431 The vm with hostName Taken already exists in the network domain: production.internal; network=production',
    );
    await deploy({ name: 'taken', networkids: cloud.simulator.ids.shared });
  });

  it('is refused a size that its offering does not give', async () => {
    const { customOffering: serviceofferingid, smallCustomOffering } = cloud.simulator.ids;
    const size = (cpuNumber: string, memory: string) => ({
      serviceofferingid,
      details: { cpuNumber, memory },
    });
    expect(await refused({ serviceofferingid })).toBe(
      '431 Need to specify custom parameter values cpu, cpu speed and memory when using custom offering',
    );
    expect(await refused(size('17', '256'))).toBe(
      '431 Invalid CPU cores value, specify a value between 1 and 16',
    );
    expect(await refused(size('1', '65536'))).toBe(
      '431 Invalid memory value, specify a value between 64 and 32768',
    );
    expect(await refused({ ...size('1', '256'), serviceofferingid: smallCustomOffering })).toBe(
      '431 Invalid memory value, specify a value between 64 and 128',
    );
    expect(
      await refused({ serviceofferingid, details: { cpuNumber: '1', memory: '256', cpuSpeed: '500' } }),
    ).toContain('is not customizable. This is predefined as 2000 MHz.');
    expect(await refused({ details: { cpuNumber: '1' } })).toContain('is not customizable');
    expect(await deploy(size('2', '512'))).toMatchObject({ cpunumber: 2, memory: 512, cpuspeed: 2000 });
    cloud.simulator.operator.deleteServiceOffering(smallCustomOffering);
    expect(await refused({ serviceofferingid: smallCustomOffering })).toMatch(
      /^431 Unable to find service offering: \d+$/,
    );
  });

  it('takes a boot type with a boot mode, and stumbles over BIOS without one', async () => {
    expect(await refused({ boottype: 'UEFI' })).toBe(
      '431 bootmode must be specified for the VM with boot type: UEFI. Valid values are: [LEGACY, SECURE]',
    );
    expect(await refused({ boottype: 'BIOS' })).toContain('530 ');
    const hidden = await cloud.cs.refused('deployVirtualMachine', wanted({ boottype: 'BIOS' }) as never);
    expect(hidden.error).toMatchObject({
      errorcode: 530,
      errortext: 'Internal error executing command, please contact your system administrator',
    });
    const machine = await deploy({ boottype: 'UEFI', bootmode: 'LEGACY' });
    expect(machine).toMatchObject({ boottype: 'Uefi', details: { UEFI: 'LEGACY' } });
    expect(await deploy()).toMatchObject({ boottype: 'Bios', details: {} });
  });

  it('is refused a template that is not ready, and what has none', async () => {
    const { unreadyTemplate } = cloud.simulator.ids;
    expect(await refused({ templateid: unreadyTemplate })).toContain('530 Template downloading-kvm');
    const volumeid = await cloud.detachedVolume();
    expect(await refused({ templateid: undefined, volumeid })).toBe(
      "431 The provided volume/snapshot doesn't have a template to deploy a VM",
    );
    expect(await refused({ details: { extraconfig: 'x' } })).toBe(
      "431 'extraconfig' should not be included in details as key",
    );
  });

  it('is refused beyond what the account may have', async () => {
    cloud.simulator.settings.limits.instances = 2;
    expect(await refused({})).toContain("535 Maximum amount of resources of Type = 'user_vm'");
    cloud.simulator.settings.limits.instances = -1;
  });
});

describe('a network', () => {
  it('is made by an ordinary user where its offering names no VLAN', async () => {
    const { l2NetworkOffering, vlanNetworkOffering, zone: zoneid } = cloud.simulator.ids;
    const make = { name: 'wire', networkofferingid: l2NetworkOffering, zoneid };
    const { network } = await cloud.cs.call('createNetwork', { ...make, networkdomain: 'wire.internal' });
    expect(network).toMatchObject({ type: 'L2', networkdomain: 'wire.internal', displaytext: 'wire' });
    expect(network).not.toHaveProperty('gateway');
    const vlan = await cloud.cs.refused('createNetwork', { ...make, networkofferingid: vlanNetworkOffering });
    expect([vlan.status, vlan.message]).toEqual([531, 'Only Root Admin can specify vlan']);
    cloud.simulator.settings.version = '4.17.2.0';
    expect((await cloud.cs.refused('createNetwork', make)).message).toContain(
      'missing parameter displaytext',
    );
    cloud.simulator.settings.version = '4.22.1.0';
  });
});

describe('a machine that is off', () => {
  it('loses the details that an update leaves out, but for those that a user may not touch', async () => {
    const details = { cpuNumber: '2', memory: '512', rootDiskController: 'virtio', UEFI: 'LEGACY' };
    const { id } = await deploy({ serviceofferingid: cloud.simulator.ids.customOffering, details });
    const update = (parameters: object) =>
      cloud.cs.call('updateVirtualMachine', { id, ...parameters }, { method: 'post' });
    expect((await update({ displayname: 'Shown' })).virtualmachine).toMatchObject({
      displayname: 'Shown',
      details,
    });
    const { virtualmachine } = await update({ details: { cpuNumber: '4', memory: '512' } });
    expect(virtualmachine.details).toEqual({ cpuNumber: '4', memory: '512', rootDiskController: 'virtio' });
    const windows = (await cloud.cs.call('listOsTypes', { description: 'Windows PV' })).ostype[0].id;
    expect((await update({ ostypeid: windows })).virtualmachine.osdisplayname).toBe('Windows PV');
  });

  it('gets another card, one in each network, and loses it again', async () => {
    const { shared: networkid, production } = cloud.simulator.ids;
    const { id: virtualmachineid } = await deploy();
    const { virtualmachine } = await cloud.cs.call('addNicToVirtualMachine', { virtualmachineid, networkid });
    expect(virtualmachine.nic).toHaveLength(2);
    const again = await cloud.cs.refused('addNicToVirtualMachine', {
      virtualmachineid,
      networkid: production,
    });
    expect(again.error).toMatchObject({ errorcode: 530 });
    expect(again.message).toContain('A NIC already exists for VM:');
    const [first, second] = virtualmachine.nic;
    const kept = await cloud.cs.refused('removeNicFromVirtualMachine', { virtualmachineid, nicid: first.id });
    expect(kept.message).toContain('nic is default');
    await cloud.cs.call('removeNicFromVirtualMachine', { virtualmachineid, nicid: second.id });
    expect((await cloud.cs.call('listNics', { virtualmachineid })).nic).toHaveLength(1);
  });
});

describe('a machine that is destroyed', () => {
  it('keeps its root until it is expunged, and lets go of its data', async () => {
    const { id } = await deploy();
    const root = cloud.rootOf(id);
    const [kept, removed] = [await cloud.detachedVolume('kept'), await cloud.detachedVolume('removed')];
    await cloud.attach(kept, id, 1);
    await cloud.attach(removed, id, 2);
    const wrong = await cloud.cs.refused('destroyVirtualMachine', { id, volumeids: root });
    expect(wrong.message).toContain(root);
    await cloud.cs.call('destroyVirtualMachine', { id, volumeids: removed });
    const volumes = () => cloud.simulator.inventory().volumes;
    expect(volumes().find((one) => one.id === kept)).toMatchObject({ vmId: undefined, state: 'Ready' });
    expect(volumes().some((one) => one.id === removed)).toBe(false);
    expect(volumes().find((one) => one.id === root)).toMatchObject({ vmId: id });
    expect((await cloud.cs.refused('deleteVolume', { id: root })).message).toBe(
      'Please specify a volume that is not attached to any VM.',
    );
    // it is not shown to the user any more, and to a root admin it is
    expect(await cloud.cs.call('listVirtualMachines', { id })).toEqual({});
    const { admin: keys } = cloud.simulator.keys;
    expect((await cloud.cs.call('listVirtualMachines', { id }, { keys })).virtualmachine[0].state).toBe(
      'Destroyed',
    );
    await cloud.cs.call('expungeVirtualMachine', { id }, { keys });
    expect(volumes().some((one) => one.id === root)).toBe(false);
    expect(await cloud.cs.call('listVirtualMachines', { id }, { keys })).toEqual({});
  });

  it('is expunged at once only by who may', async () => {
    cloud.simulator.settings.allowUserExpunge = false;
    const { id } = await deploy();
    const refusal = await cloud.cs.refused('destroyVirtualMachine', { id, expunge: true });
    expect(refusal.error).toEqual({
      errorcode: 531,
      errortext:
        'Parameter expunge can be passed by Admin only. Or when the allow.user.expunge.recover.vm key is set.',
    });
    cloud.simulator.settings.allowUserExpunge = true;
    await cloud.cs.call('destroyVirtualMachine', { id, expunge: true });
    expect(cloud.simulator.inventory().machines.some((one) => one.id === id)).toBe(false);
  });

  it('holds its networks until it is expunged', async () => {
    const { isolatedNetworkOffering: networkofferingid, zone: zoneid } = cloud.simulator.ids;
    const made = await cloud.cs.call('createNetwork', { name: 'bubble', networkofferingid, zoneid });
    expect(made.network).toMatchObject({ state: 'Allocated', type: 'Isolated', cidr: '10.1.1.0/24' });
    const machine = await deploy({ networkids: made.network.id });
    await cloud.cs.call('destroyVirtualMachine', { id: machine.id });
    const refusal = await cloud.cs.refused('deleteNetwork', { id: made.network.id });
    expect(refusal.error).toEqual({ errorcode: 530, errortext: 'Failed to delete network' });
    const { admin: keys } = cloud.simulator.keys;
    await cloud.cs.call('expungeVirtualMachine', { id: machine.id }, { keys });
    expect(await cloud.cs.call('deleteNetwork', { id: made.network.id })).toEqual({ success: true });
    expect(await cloud.cs.call('listNetworks', { id: made.network.id })).toEqual({});
  });
});

it('does none of what must never happen', () => {
  expect(cloud.simulator.violations()).toEqual([]);
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';

let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start({ jobMs: 5 });
});
afterEach(() =>
  Object.assign(cloud.simulator.settings, { jobMs: 5, maxDataVolumes: 32, poolManaged: false }),
);
afterAll(() => cloud?.[Symbol.asyncDispose]());

/** The code and the words of the job that failed: the request itself went well. */
async function refusedJob(parameters: Record<string, unknown>, keys = cloud.simulator.keys.user) {
  const { jobid } = await cloud.cs.call('attachVolume', parameters as never, { wait: false, keys });
  expect(jobid).toBeTypeOf('string');
  const refusal = await cloud.cs.refused('attachVolume', parameters as never, { keys });
  // the answer was 200, the job tells
  expect(refusal.status).toBe(200);
  return `${refusal.error.errorcode} ${refusal.error.errortext}`;
}

const attach = (id: string, more: Record<string, unknown> = {}) =>
  refusedJob({ id, virtualmachineid: cloud.simulator.applianceVmId, ...more });

describe('attaching a volume', () => {
  it('is refused while it is attached', async () => {
    const id = await cloud.attachedVolume();
    expect(await attach(id)).toBe('431 Please specify a volume that is not attached to any VM.');
  });

  it('is refused when it is removed, or destroyed', async () => {
    const removed = await cloud.volume();
    await cloud.cs.call('deleteVolume', { id: removed });
    expect(await attach(removed)).toBe('431 Please specify a volume with the valid type: ROOT or DATADISK');
    const destroyed = await cloud.detachedVolume();
    await cloud.cs.call('destroyVolume', { id: destroyed });
    expect(await attach(destroyed)).toBe('431 Please specify a volume that is not destroyed.');
  });

  it('is refused to a machine that is neither running nor stopped', async () => {
    const virtualmachineid = await cloud.machine('destroyed');
    await cloud.cs.call('destroyVirtualMachine', { id: virtualmachineid });
    expect(await attach(await cloud.volume(), { virtualmachineid })).toBe(
      '431 Please specify a VM that is either running or stopped.',
    );
  });

  it('is refused in another zone', async () => {
    const { customDiskOffering: diskofferingid, otherZone: zoneid } = cloud.simulator.ids;
    const { volume } = await cloud.cs.call('createVolume', { diskofferingid, zoneid, size: 1 });
    expect(await attach(volume.id)).toBe('431 Please specify a VM that is in the same zone as the volume.');
  });

  it('is refused at the root of a machine that runs, or that has one', async () => {
    const id = await cloud.volume();
    expect(await attach(id, { deviceid: 0 })).toBe(
      '431 Root volume detach can happen only when vm is in states: Stopped or Destroyed',
    );
    const virtualmachineid = await cloud.machine('has-a-root');
    expect(await attach(id, { virtualmachineid, deviceid: 0 })).toBe(
      '431 Vm already has root volume attached to it',
    );
  });

  it('is refused at the root on managed storage', async () => {
    const id = await cloud.detachedVolume();
    const virtualmachineid = await cloud.machine('on-managed-storage');
    await cloud.cs.call('detachVolume', { id: cloud.rootOf(virtualmachineid) });
    cloud.simulator.settings.poolManaged = true;
    expect(await attach(id, { virtualmachineid, deviceid: 0 })).toBe(
      '431 Root volume detach is not supported for Managed DataStores',
    );
  });

  it('is refused when the machine is full', async () => {
    const attached = cloud.simulator.inventory().volumes;
    const used = attached.filter(
      ({ vmId, type }) => vmId === cloud.simulator.applianceVmId && type === 'DATADISK',
    );
    cloud.simulator.settings.maxDataVolumes = used.length;
    expect(await attach(await cloud.volume())).toBe(
      `431 The specified VM already has the maximum number of data disks (${used.length}) attached. ` +
        'Please specify another VM.',
    );
  });

  it('is refused while the machine has VM snapshots', async () => {
    const snapshot = cloud.simulator.operator.addApplianceVmSnapshot();
    expect(await attach(await cloud.volume())).toBe(
      `431 Unable to attach volume to VM migration-appliance/${cloud.simulator.applianceVmId}, please specify a VM ` +
        'that does not have VM snapshots',
    );
    cloud.simulator.operator.removeVmSnapshot(snapshot);
  });

  it('is refused at a device id that is no disk’s, or used', async () => {
    const id = await cloud.volume();
    for (const deviceid of [3, 34, -1])
      expect(await attach(id, { deviceid })).toBe('530 deviceId should be 0,1,2,4-33');
    expect(await attach(id, { deviceid: 1 })).toMatch(/^530 deviceId 1 is used by vm \d+$/);
  });

  it('is refused across accounts', async () => {
    const { customDiskOffering: diskofferingid, zone: zoneid } = cloud.simulator.ids;
    const { admin, stranger } = cloud.simulator.keys;
    const made = await cloud.cs.call('createVolume', { diskofferingid, zoneid, size: 1 }, { keys: stranger });
    const virtualmachineid = cloud.simulator.applianceVmId;
    expect(await refusedJob({ id: made.volume.id, virtualmachineid }, admin)).toContain(
      'belong to different accounts',
    );
    const refusal = await cloud.cs.refused('attachVolume', { id: made.volume.id, virtualmachineid });
    expect(refusal).toMatchObject({ status: 531, error: { cserrorcode: 4365 } });
  });

  it('happens once when it is asked for twice at the same time', async () => {
    const id = await cloud.volume();
    const virtualmachineid = cloud.simulator.applianceVmId;
    // both are asked for before either is done
    cloud.simulator.settings.jobMs = 300;
    const ask = () => cloud.cs.call('attachVolume', { id, virtualmachineid }, { wait: false });
    const [first, second] = [await ask(), await ask()];
    const outcome = async (job: { jobid: string }) => {
      for (;;) {
        const { jobstatus, jobresult } = await cloud.cs.call('queryAsyncJobResult', job, { wait: false });
        if (jobstatus !== 0) return jobstatus === 1 ? 'attached' : String(jobresult.errortext);
      }
    };
    expect(await outcome({ jobid: first.jobid })).toBe('attached');
    expect(await outcome({ jobid: second.jobid })).toBe('This volume is already attached to a VM.');
  });
});

it('does none of what must never happen', () => {
  expect(cloud.simulator.violations()).toEqual([]);
});

import { open, readlink, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';

let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start({ jobMs: 5 });
});
afterAll(() => cloud?.[Symbol.asyncDispose]());

const fileOf = (id: string) => stat(cloud.simulator.volumePath(id)).catch(() => undefined);
const deviceOf = (id: string) =>
  join(cloud.simulator.deviceDir, `virtio-${id.replaceAll('-', '').slice(0, 20)}`);
const one = async (id: string) => (await cloud.cs.call('listVolumes', { id })).volume[0];

describe('a volume', () => {
  it('is a row until it is attached first, and a file of its size from then on', async () => {
    const id = await cloud.volume('first');
    expect(await one(id)).toMatchObject({ state: 'Allocated', type: 'DATADISK', size: 2 ** 30 });
    expect(await one(id)).not.toHaveProperty('templateid');
    expect(await one(id)).not.toHaveProperty('storageid');
    expect(await fileOf(id)).toBeUndefined();

    const { volume } = await cloud.attach(id);
    expect(volume).toMatchObject({
      state: 'Ready',
      deviceid: 1,
      virtualmachineid: cloud.simulator.applianceVmId,
      vmstate: 'Running',
    });
    expect(await fileOf(id)).toMatchObject({ size: 2 ** 30, blocks: 0 });
    expect(await readlink(deviceOf(id))).toBe(cloud.simulator.volumePath(id));
  });

  it('takes the first free device id, and never the one of the CD-ROM', async () => {
    await cloud.attachedVolume('second');
    const third = await one(await cloud.attachedVolume('third'));
    expect(third.deviceid).toBe(4);
  });

  it('is not a device any more when it is detached, and keeps its content', async () => {
    const id = await cloud.attachedVolume('content');
    const file = await open(deviceOf(id), 'r+');
    await file.write(Buffer.from('kept'), 0, 4, 4096);
    await file.close();
    const { volume } = await cloud.cs.call('detachVolume', { id });
    expect(volume).not.toHaveProperty('virtualmachineid');
    expect(await readdir(cloud.simulator.deviceDir)).not.toContain(deviceOf(id).split('/').at(-1));
    await cloud.attach(id);
    const again = await open(deviceOf(id), 'r');
    expect((await again.read(Buffer.alloc(4), 0, 4, 4096)).buffer.toString()).toBe('kept');
    await again.close();
    expect(cloud.simulator.violations()).toEqual([]);
  });

  it('grows, and never shrinks', async () => {
    const id = await cloud.attachedVolume('grown');
    await cloud.cs.call('resizeVolume', { id, size: 2 });
    expect(await fileOf(id)).toMatchObject({ size: 2 ** 31 });
    const refusal = await cloud.cs.refused('resizeVolume', { id, size: 1, shrinkok: true });
    expect(refusal.error).toEqual({ errorcode: 431, errortext: 'Unable to shrink volumes of type QCOW2' });
  });

  it('goes with its file, and its id answers with nothing from then on', async () => {
    const id = await cloud.detachedVolume('deleted');
    expect(await cloud.cs.call('deleteVolume', { id })).toEqual({ success: true });
    expect(await fileOf(id)).toBeUndefined();
    expect(await cloud.cs.call('listVolumes', { id })).toEqual({});
  });

  it('is refused its removal while it is attached', async () => {
    const { status, error } = await cloud.cs.refused('deleteVolume', { id: await cloud.attachedVolume() });
    expect([status, error.errortext]).toEqual([
      431,
      'Please specify a volume that is not attached to any VM.',
    ]);
  });
});

describe('making a volume', () => {
  const refused = async (parameters: Record<string, unknown>) => {
    const { zone: zoneid } = cloud.simulator.ids;
    const { status, error } = await cloud.cs.refused('createVolume', { zoneid, ...parameters } as never);
    return `${status} ${error.errortext}`;
  };

  it('is refused without what it is to be made of', async () => {
    const { customDiskOffering, fixedDiskOffering } = cloud.simulator.ids;
    expect(await refused({})).toBe(
      '431 At least one of disk Offering ID or snapshot ID must be passed whilst creating volume',
    );
    expect(await refused({ diskofferingid: customDiskOffering })).toBe(
      '431 This disk offering requires a custom size specified',
    );
    expect(await refused({ diskofferingid: customDiskOffering, size: 0 })).toBe(
      '431 Disk size must be larger than 0',
    );
    expect(await refused({ diskofferingid: customDiskOffering, size: 9999 })).toBe(
      '431 Volume size: 9999 GB is out of allowed range. Min: 1. Max: 1024',
    );
    expect(await refused({ diskofferingid: fixedDiskOffering, size: 1 })).toBe(
      '431 This disk offering does not allow custom size',
    );
    cloud.simulator.operator.deleteDiskOffering(fixedDiskOffering);
    expect(await refused({ diskofferingid: fixedDiskOffering })).toBe(
      '431 Please specify a valid disk offering.',
    );
  });

  it('puts it in a pool at once where the server can, and leaves it a row where it cannot', async () => {
    const { customDiskOffering: diskofferingid, zone: zoneid } = cloud.simulator.ids;
    const { admin: keys } = cloud.simulator.keys;
    const storageid = (await cloud.cs.call('listStoragePools', {}, { keys })).storagepool[0].id;
    const state = async () =>
      (await cloud.cs.call('createVolume', { diskofferingid, zoneid, size: 1, storageid })).volume.state;
    expect(await state()).toBe('Ready');
    cloud.simulator.settings.version = '4.22.0.1';
    expect(await state()).toBe('Allocated');
    cloud.simulator.settings.version = '4.22.1.0';
  });

  it('is refused beyond what the account may have', async () => {
    const { limits } = cloud.simulator.settings;
    const diskofferingid = cloud.simulator.ids.customDiskOffering;
    limits.volumes = cloud.simulator.inventory().volumes.length;
    const tooMany = await cloud.cs.refused('createVolume', {
      ...{ diskofferingid, size: 1, zoneid: cloud.simulator.ids.zone },
    });
    expect(tooMany).toMatchObject({ status: 535, error: { cserrorcode: 4370 } });
    expect(tooMany.message).toContain(
      "Maximum amount of resources of Type = 'volume' for Account Name = migration",
    );
    Object.assign(limits, { volumes: -1, primaryStorageGib: 20 });
    expect(await refused({ diskofferingid, size: 100 })).toContain(
      "535 Maximum amount of resources of Type = 'primary_storage'",
    );
    const { resourcelimit } = await cloud.cs.call('listResourceLimits', { resourcetype: 10 });
    expect(resourcelimit).toMatchObject([{ resourcetypename: 'primary_storage', max: 20 }]);
    limits.primaryStorageGib = -1;
  });

  it('gives it its place only where the pool has room', async () => {
    const id = await cloud.volume('too-big');
    await cloud.simulator.operator.leaveFreeGib(0.5);
    const refusal = await cloud.cs.refused('attachVolume', {
      ...{ id, virtualmachineid: cloud.simulator.applianceVmId },
    });
    expect(refusal.error).toEqual({
      errorcode: 530,
      errortext: 'Unable to find suitable primary storage when creating volume too-big',
    });
    expect(await one(id)).toMatchObject({ state: 'Allocated' });
  });
});

import { open, stat } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';

const MIB = 2 ** 20;
let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start({ jobMs: 5 });
});
afterEach(() => {
  Object.assign(cloud.simulator.settings, {
    snapshotBytesPerSecond: Infinity,
    kvmSnapshotEnabled: true,
    snapshotsStayOnPrimary: false,
  });
});
afterAll(() => cloud?.[Symbol.asyncDispose]());

async function writeTo(id: string, bytes: Buffer, at = 0): Promise<void> {
  const file = await open(cloud.simulator.volumePath(id), 'r+');
  await file.write(bytes, 0, bytes.length, at);
  await file.close();
}

async function readFrom(id: string, length: number, at = 0): Promise<string> {
  const file = await open(cloud.simulator.volumePath(id), 'r');
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, at);
  await file.close();
  return buffer.toString();
}

const snapshotOf = (id: string) => cloud.simulator.inventory().snapshots.find((one) => one.id === id);
const volumeOf = (id: string) => cloud.simulator.inventory().volumes.find((one) => one.id === id)!;
const jobOf = (id: string) => cloud.simulator.inventory().jobs.find((one) => one.id === id)!;
const begin = async (command: string, parameters: Record<string, unknown>) =>
  (await cloud.cs.call(command, parameters as never, { wait: false })) as { id: string; jobid: string };
const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe('a snapshot of an attached volume', () => {
  it('holds back every attach and detach of the machine, and they go on in their order', async () => {
    const [first, second] = [await cloud.attachedVolume('first'), await cloud.attachedVolume('second')];
    const third = await cloud.volume('third');
    await writeTo(first, Buffer.alloc(MIB, 7));
    // a second and a half, while the others take milliseconds
    cloud.simulator.settings.snapshotBytesPerSecond = MIB / 1.5;
    const snapshot = await begin('createSnapshot', { volumeid: first });
    const detach = await begin('detachVolume', { id: second });
    const attach = await begin('attachVolume', {
      id: third,
      virtualmachineid: cloud.simulator.applianceVmId,
    });
    await soon(() => expect(snapshotOf(snapshot.id)?.state).toBe('BackingUp'));
    expect(volumeOf(first).state).toBe('Ready');
    expect([jobOf(detach.jobid).status, jobOf(attach.jobid).status]).toEqual(['pending', 'pending']);
    expect(volumeOf(second).vmId).toBe(cloud.simulator.applianceVmId);
    expect(volumeOf(third).vmId).toBeUndefined();

    await soon(() => expect(jobOf(attach.jobid).status).toBe('succeeded'));
    expect(jobOf(snapshot.jobid).status).toBe('succeeded');
    expect(jobOf(detach.jobid).status).toBe('succeeded');
    expect(snapshotOf(snapshot.id)).toMatchObject({ state: 'BackedUp', physicalBytes: MIB });
    // the place that was left is taken
    expect(volumeOf(third).deviceId).toBe(2);
  });

  it('is refused while there is another one on the machine', async () => {
    const [first, second] = [await cloud.attachedVolume(), await cloud.attachedVolume()];
    await writeTo(first, Buffer.alloc(MIB, 7));
    cloud.simulator.settings.snapshotBytesPerSecond = MIB;
    const running = await begin('createSnapshot', { volumeid: first });
    await soon(() => expect(snapshotOf(running.id)?.state).toBe('BackingUp'));
    const refusal = await cloud.cs.refused('createSnapshot', { volumeid: second });
    expect(refusal).toMatchObject({
      status: 431,
      error: {
        errortext:
          'There is other active snapshot tasks on the instance to which the volume is attached, please try again later',
      },
    });
    const busy = await cloud.cs.refused('deleteSnapshot', { id: running.id });
    expect(busy.error).toMatchObject({ errorcode: 530 });
    expect(busy.message).toContain('due to it is in BackingUp Status');
    const resize = await cloud.cs.refused('resizeVolume', { id: first, size: 2 });
    expect(resize.message).toContain('There is/are unbacked up snapshot(s) on this volume');
    await soon(() => expect(snapshotOf(running.id)?.state).toBe('BackedUp'));
  });

  it('is refused on a running machine where the server says so; a root admin reads why', async () => {
    cloud.simulator.settings.kvmSnapshotEnabled = false;
    const volumeid = await cloud.attachedVolume();
    expect((await cloud.cs.call('listCapabilities')).capability.kvmsnapshotenabled).toBe(false);
    const user = await cloud.cs.refused('createSnapshot', { volumeid });
    expect(user).toMatchObject({
      status: 530,
      error: {
        cserrorcode: 4250,
        errortext: 'Internal error executing command, please contact your system administrator',
      },
    });
    const { admin: keys } = cloud.simulator.keys;
    const admin = await cloud.cs.refused('createSnapshot', { volumeid }, { keys });
    expect(admin.message).toContain('KVM Snapshot is not supported for Running VMs.');
    await cloud.cs.call('detachVolume', { id: volumeid });
    expect((await cloud.cs.call('createSnapshot', { volumeid })).snapshot.state).toBe('BackedUp');
  });

  it('is refused of a volume without content', async () => {
    const { status, error } = await cloud.cs.refused('createSnapshot', { volumeid: await cloud.volume() });
    expect(status).toBe(431);
    expect(error.errortext).toMatch(
      /^VolumeId: \d+ is not in Ready state but Allocated\. Cannot take snapshot\.$/,
    );
  });
});

describe('a detached volume', () => {
  it('is snapshotted beside the machines, and cannot be deleted meanwhile', async () => {
    const [attached, detached] = [await cloud.attachedVolume(), await cloud.attachedVolume()];
    await writeTo(detached, Buffer.alloc(MIB, 7));
    await cloud.cs.call('detachVolume', { id: detached });
    cloud.simulator.settings.snapshotBytesPerSecond = MIB / 2;
    const snapshot = await begin('createSnapshot', { volumeid: detached });
    await soon(() => expect(snapshotOf(snapshot.id)?.state).toBe('BackingUp'));
    await cloud.cs.call('detachVolume', { id: attached });
    expect(snapshotOf(snapshot.id)?.state).toBe('BackingUp');
    expect(await cloud.cs.refused('deleteVolume', { id: detached })).toMatchObject({
      status: 431,
      error: { errortext: 'There are snapshot operations in progress on the volume, unable to delete it' },
    });
    const { zone: zoneid } = cloud.simulator.ids;
    const early = await cloud.cs.refused('createVolume', { name: 'early', snapshotid: snapshot.id, zoneid });
    expect(early.message).toMatch(
      /^Snapshot id=\d+ is not in BackedUp state yet and can't be used for volume creation$/,
    );
    await soon(() => expect(snapshotOf(snapshot.id)?.state).toBe('BackedUp'));
  });
});

describe('what a snapshot has kept', () => {
  it('comes back into the volume once it is detached', async () => {
    const id = await cloud.attachedVolume('reverted');
    await writeTo(id, Buffer.from('before'));
    const { snapshot } = await cloud.cs.call('createSnapshot', { volumeid: id, name: 'point' });
    expect(snapshot).toMatchObject({ name: 'point', state: 'BackedUp', virtualsize: 2 ** 30, volumeid: id });
    await writeTo(id, Buffer.from('after!'));
    await cloud.cs.call('resizeVolume', { id, size: 2 });
    const refusal = await cloud.cs.refused('revertSnapshot', { id: snapshot.id });
    expect(refusal.error).toEqual({
      errorcode: 431,
      errortext: 'The VM the specified disk is attached to is not in the shutdown state.',
    });
    await cloud.cs.call('detachVolume', { id });
    await cloud.cs.call('revertSnapshot', { id: snapshot.id });
    expect(await readFrom(id, 6)).toBe('before');
    expect(volumeOf(id)).toMatchObject({ state: 'Ready', sizeBytes: 2 ** 30 });
    expect((await stat(cloud.simulator.volumePath(id))).size).toBe(2 ** 30);
  });

  it('becomes a volume of its own, which has no template either', async () => {
    const id = await cloud.attachedVolume('original');
    await writeTo(id, Buffer.from('cloned'));
    const { snapshot } = await cloud.cs.call('createSnapshot', { volumeid: id });
    await writeTo(id, Buffer.from('later.'));
    const { customDiskOffering: diskofferingid, zone: zoneid } = cloud.simulator.ids;
    const refusal = await cloud.cs.refused('createVolume', {
      snapshotid: snapshot.id,
      diskofferingid,
      zoneid,
    });
    expect(refusal.message).toBe(
      'Disk Offering ID cannot be passed whilst creating volume from snapshot other than ROOT disk snapshots',
    );
    const made = await cloud.cs.call('createVolume', { name: 'copy', snapshotid: snapshot.id, zoneid });
    expect(made.volume).toMatchObject({
      state: 'Ready',
      type: 'DATADISK',
      size: 2 ** 30,
      snapshotid: snapshot.id,
    });
    expect(made.volume).not.toHaveProperty('templateid');
    expect(await readFrom(made.volume.id, 6)).toBe('cloned');

    // a snapshot outlives its volume, and a volume its snapshot
    await cloud.cs.call('detachVolume', { id });
    await cloud.cs.call('deleteVolume', { id });
    expect((await cloud.cs.call('listSnapshots', { id: snapshot.id })).count).toBe(1);
    expect(await cloud.cs.call('deleteSnapshot', { id: snapshot.id })).toEqual({ success: true });
    expect(await cloud.cs.call('listSnapshots', { id: snapshot.id })).toEqual({});
    expect(await readFrom(made.volume.id, 6)).toBe('cloned');
  });

  it('is there at once where snapshots stay on primary storage', async () => {
    Object.assign(cloud.simulator.settings, { snapshotsStayOnPrimary: true, snapshotBytesPerSecond: 1 });
    const id = await cloud.attachedVolume();
    await writeTo(id, Buffer.alloc(MIB, 7));
    const { snapshot } = await cloud.cs.call('createSnapshot', { volumeid: id });
    expect(snapshot).toMatchObject({ state: 'BackedUp', locationtype: 'PRIMARY' });
    const { admin: keys } = cloud.simulator.keys;
    const pools = await cloud.cs.call('listStoragePools', {}, { keys });
    expect(pools.storagepool).toMatchObject([{ type: 'Linstor', managed: false }]);
  });
});

describe('VM snapshots', () => {
  it('and volume snapshots do not go together', async () => {
    const machine = await cloud.machine('snapshotted');
    const data = await cloud.detachedVolume();
    await cloud.attach(data, machine, 1);
    const vm = await cloud.cs.call('createVMSnapshot', { virtualmachineid: machine, name: 'all' });
    expect(vm.vmsnapshot).toMatchObject({ displayname: 'all', state: 'Ready', type: 'Disk' });
    expect((await cloud.cs.refused('createSnapshot', { volumeid: data })).status).toBe(431);
    expect((await cloud.cs.call('listVMSnapshot', { virtualmachineid: machine })).vmSnapshot).toHaveLength(1);
    await cloud.cs.call('deleteVMSnapshot', { vmsnapshotid: vm.vmsnapshot.id });
    await cloud.cs.call('createSnapshot', { volumeid: data });
    expect((await cloud.cs.refused('createVMSnapshot', { virtualmachineid: machine })).status).toBe(530);
  });
});

it('does none of what must never happen', () => {
  expect(cloud.simulator.violations()).toEqual([]);
});

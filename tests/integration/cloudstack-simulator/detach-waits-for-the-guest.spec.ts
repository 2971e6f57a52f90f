import { access, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';

let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start({ jobMs: 5, detachWaitMs: 300 });
});
afterEach(() => {
  cloud.simulator.clearFaults();
  Object.assign(cloud.simulator.settings, { detachWaitMs: 300, poolManaged: false });
});
afterAll(() => cloud?.[Symbol.asyncDispose]());

const NOT_LET_GO = 'Could not detach volume after sending the command and waiting for [300] milliseconds.';
const volumeOf = (id: string) => cloud.simulator.inventory().volumes.find((volume) => volume.id === id)!;
const refused = async (parameters: Record<string, unknown>) => {
  const { error } = await cloud.cs.refused('detachVolume', parameters as never);
  return `${error.errorcode} ${error.errortext}`;
};
const device = (id: string) =>
  join(cloud.simulator.deviceDir, `virtio-${id.replaceAll('-', '').slice(0, 20)}`);

describe('detaching a volume from the appliance', () => {
  it('fails while a program has it open, and leaves it where it is', async () => {
    const id = await cloud.attachedVolume();
    const holder = await open(device(id), 'r+');
    expect(await refused({ id })).toContain(
      `530 Failed to detach volume disk from VM migration-appliance; ${NOT_LET_GO}`,
    );
    expect(volumeOf(id)).toMatchObject({ vmId: cloud.simulator.applianceVmId, state: 'Ready' });
    await holder.close();
    await cloud.cs.call('detachVolume', { id });
    expect(volumeOf(id).vmId).toBeUndefined();
  });

  it('goes well when the program lets go in time', async () => {
    cloud.simulator.settings.detachWaitMs = 20_000;
    const id = await cloud.attachedVolume();
    const holder = await open(device(id), 'r');
    const { jobid } = await cloud.cs.call('detachVolume', { id }, { wait: false });
    const status = async () =>
      (await cloud.cs.call('queryAsyncJobResult', { jobid }, { wait: false })).jobstatus as number;
    expect(await status()).toBe(0);
    await holder.close();
    await vi.waitFor(async () => expect(await status()).toBe(1), { timeout: 5_000, interval: 10 });
  });

  it('is refused where it is not attached, or gone, or named wrongly', async () => {
    const id = await cloud.detachedVolume();
    expect(await refused({ id })).toBe('431 The specified volume is not attached to a VM.');
    const { status, error } = await cloud.cs.refused('detachVolume', { id, deviceid: 1 });
    expect([status, error.errortext]).toEqual([
      431,
      'Please provide either a volume id, or a tuple(device id, instance id)',
    ]);
    await cloud.cs.call('deleteVolume', { id });
    expect(await refused({ id })).toMatch(/^431 Unable to find volume with ID: \d+$/);
  });

  it('finds it by its place', async () => {
    const id = await cloud.attachedVolume();
    const { deviceId: deviceid, vmId: virtualmachineid } = volumeOf(id);
    const { volume } = await cloud.cs.call('detachVolume', { deviceid, virtualmachineid });
    expect(volume.id).toBe(id);
  });

  it('is refused to the root of a machine that runs, or was destroyed', async () => {
    const text = '431 Root volume detach can happen only when vm is in states: Stopped or Destroyed';
    expect(await refused({ id: cloud.rootOf(cloud.simulator.applianceVmId) })).toBe(text);
    const machine = await cloud.machine('destroyed');
    const root = cloud.rootOf(machine);
    await cloud.cs.call('destroyVirtualMachine', { id: machine });
    expect(await refused({ id: root })).toBe(text);
  });

  it('is refused while the machine has VM snapshots', async () => {
    const id = await cloud.attachedVolume();
    const snapshot = cloud.simulator.operator.addApplianceVmSnapshot();
    expect(await refused({ id })).toBe(
      '431 Unable to detach volume, please specify a VM that does not have VM snapshots',
    );
    cloud.simulator.operator.removeVmSnapshot(snapshot);
  });
});

describe('the root of a machine that is off', () => {
  it('becomes a data volume, and another volume becomes the root', async () => {
    const machine = await cloud.machine('gets-a-root');
    const dummy = cloud.rootOf(machine);
    expect(volumeOf(dummy)).toMatchObject({ state: 'Allocated', deviceId: 0 });
    await cloud.cs.call('detachVolume', { id: dummy });
    expect(volumeOf(dummy)).toMatchObject({ type: 'DATADISK', vmId: undefined });
    const id = await cloud.detachedVolume();
    await cloud.attach(id, machine, 0);
    expect(volumeOf(id)).toMatchObject({ type: 'ROOT', deviceId: 0 });
    await cloud.cs.call('detachVolume', { id });
    expect(volumeOf(id)).toMatchObject({ type: 'DATADISK', state: 'Ready' });
  });
});

describe('a late unplug', () => {
  it('takes the device away after the job failed; the data base learns of it by another detach', async () => {
    const id = await cloud.attachedVolume();
    cloud.simulator.inject({ command: 'detachVolume', kind: 'late-detach', delayMs: 100 });
    expect(await refused({ id })).toContain(NOT_LET_GO);
    expect(volumeOf(id).vmId).toBe(cloud.simulator.applianceVmId);
    await vi.waitFor(() => expect(access(device(id))).rejects.toThrow('ENOENT'), {
      timeout: 5_000,
      interval: 10,
    });
    expect(volumeOf(id).vmId).toBe(cloud.simulator.applianceVmId);
    await cloud.cs.call('detachVolume', { id });
    expect(volumeOf(id).vmId).toBeUndefined();
  });

  it('clears an attachment that was made meanwhile, and only in the data base', async () => {
    const id = await cloud.attachedVolume();
    cloud.simulator.inject({ command: 'detachVolume', kind: 'late-detach', delayMs: 400 });
    await refused({ id });
    await cloud.cs.call('detachVolume', { id });
    await cloud.attach(id);
    expect(volumeOf(id).vmId).toBe(cloud.simulator.applianceVmId);
    await vi.waitFor(() => expect(volumeOf(id).vmId).toBeUndefined(), { timeout: 5_000, interval: 10 });
    await expect(access(device(id)).then(() => 'there')).resolves.toBe('there');
  });
});

describe('what must never happen', () => {
  it('is seen when a detached volume is written, or held open', async () => {
    const before = cloud.simulator.violations().length;
    const id = await cloud.detachedVolume('written');
    const file = cloud.simulator.volumePath(id);
    await writeFile(file, 'x', { flag: 'r+' });
    expect(cloud.simulator.violations().slice(before)).toEqual([
      `the volume written (${id}) was written while it was attached to nothing`,
    ]);
    const holder = await open(file, 'r+');
    expect(cloud.simulator.violations().at(-1)).toBe(
      `the volume written (${id}) is open in this host's processes while it is attached to nothing`,
    );
    await holder.close();
    await rm(file);
  });
});

import { execFile } from 'node:child_process';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createProcessRunner } from '@ossea/process';
import { MachineLauncher } from '@ossea/qemu';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cachedGuestImages } from '../../stack/guest/index.js';
import { CloudUnderTest } from './cloud-under-test.js';

const exec = promisify(execFile);
const call = { signal: new AbortController().signal };
let cloud: CloudUnderTest;
let launcher: MachineLauncher;
beforeAll(async () => {
  cloud = await CloudUnderTest.start({ jobMs: 5, shutdownWaitMs: 500 });
  launcher = new MachineLauncher({ runner: createProcessRunner(), machinesDir: join(cloud.directory, 'm') });
});
afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]();
});

const hostId = (id: string): string => `m-${id.replaceAll('-', '').slice(0, 16)}`;
const machineOf = (id: string) => cloud.simulator.inventory().machines.find((one) => one.id === id)!;

/** A machine whose root is a volume of ours, as a failover makes it. */
async function takeOver(name: string, more: Record<string, unknown> = {}) {
  const id = await cloud.machine(name, more);
  const dummy = cloud.rootOf(id);
  await cloud.cs.call('detachVolume', { id: dummy });
  await cloud.cs.call('deleteVolume', { id: dummy });
  return id;
}

describe('a machine', () => {
  it('does not start without a root at device 0 that has content', async () => {
    const id = await takeOver('rootless');
    const start = async () => (await cloud.cs.refused('startVirtualMachine', { id })).error;
    const missing = {
      errorcode: 530,
      errortext: 'ROOT volume is missing, unable to prepare volumes for the VM [rootless].',
    };
    expect(await start()).toEqual(missing);
    // without a device id it is a data volume
    const volume = await cloud.detachedVolume();
    await cloud.attach(volume, id);
    expect(await start()).toEqual(missing);
    await cloud.cs.call('detachVolume', { id: volume });
    const empty = await cloud.volume();
    await cloud.attach(empty, id, 0);
    expect(await start()).toMatchObject({ errorcode: 530 });
    expect(machineOf(id).state).toBe('Stopped');
  });

  it(
    'boots from its volumes, in the order of their devices, and shows that it lives',
    { timeout: 180_000 },
    async () => {
      const spec = { diskBytes: { vda: 128 << 20, vdb: 128 << 20 }, fillBytes: 0, seed: 'cloud' };
      const images = await cachedGuestImages({ ...spec, directory: join(cloud.directory, 'g') });
      const [root, data] = [await cloud.attachedVolume('root'), await cloud.attachedVolume('data')];
      for (const [image, volume] of [
        [images.vda, root],
        [images.vdb, data],
      ] as const)
        await exec('qemu-img', [
          'convert',
          '-n',
          '-f',
          'qcow2',
          '-O',
          'raw',
          image,
          cloud.simulator.volumePath(volume),
        ]);
      for (const id of [root, data]) await cloud.cs.call('detachVolume', { id });
      const id = await takeOver('guest', {
        networkids: undefined,
        iptonetworklist: [{ networkid: cloud.simulator.ids.production, mac: '02:00:00:00:00:42' }],
      });
      await cloud.attach(root, id, 0);
      await cloud.attach(data, id, 1);
      const { virtualmachine } = await cloud.cs.call('startVirtualMachine', { id });
      expect(virtualmachine).toMatchObject({ state: 'Running', hostname: 'host-1.cloud.internal' });
      expect(await launcher.state(hostId(id), call)).toBe('running');
      expect(await launcher.read(hostId(id))).toMatchObject({
        ...{ cpus: 1, memoryBytes: 256 << 20, firmware: 'bios' },
        nics: [{ mac: '02:00:00:00:00:42' }],
        disks: [
          { key: 'disk0', boot: true, serial: root.replaceAll('-', '').slice(0, 20) },
          { key: 'disk1', boot: false, serial: data.replaceAll('-', '').slice(0, 20) },
        ],
      });
      await vi.waitFor(
        async () => expect(await readFile(cloud.simulator.serialLogPath(id), 'utf8')).toMatch(/\S/),
        { timeout: 120_000, interval: 100 },
      );

      // a guest that lives takes a volume and lets it go again
      cloud.simulator.settings.detachWaitMs = 30_000;
      const hot = await cloud.volume('hot');
      expect((await cloud.attach(hot, id)).volume).toMatchObject({ state: 'Ready', deviceid: 2 });
      await cloud.cs.call('detachVolume', { id: hot });
      cloud.simulator.settings.detachWaitMs = 500;

      // what runs has its volumes: nobody else may open them
      expect(cloud.simulator.violations()).toEqual([]);
      const thief = await open(cloud.simulator.volumePath(data));
      expect(cloud.simulator.violations()).toEqual([
        `the volume data (${data}) is open in this host's processes while it is attached to guest`,
      ]);
      await thief.close();

      const console = await cloud.cs.call('createConsoleEndpoint', { virtualmachineid: id });
      expect(console.consoleendpoint).toMatchObject({
        success: true,
        url: expect.stringContaining('/resource/noVNC/'),
      });
      await cloud.cs.call('createSnapshot', { volumeid: root });
      expect(await launcher.state(hostId(id), call)).toBe('running');
      await cloud.cs.call('stopVirtualMachine', { id, forced: true });
      expect(machineOf(id).state).toBe('Stopped');
      expect(await launcher.state(hostId(id), call)).toBe('stopped');
    },
  );

  it(
    'takes a volume while it runs, and keeps it while its guest does not answer',
    { timeout: 60_000 },
    async () => {
      const id = await cloud.machine('no-guest');
      await cloud.cs.call('startVirtualMachine', { id });
      const volume = await cloud.volume('hot');
      expect((await cloud.attach(volume, id)).volume).toMatchObject({ state: 'Ready', deviceid: 1 });
      expect((await stat(cloud.simulator.volumePath(volume))).size).toBe(2 ** 30);
      // there is no system on its empty root that could let go
      const refusal = await cloud.cs.refused('detachVolume', { id: volume });
      expect(refusal.message).toContain(
        'Could not detach volume after sending the command and waiting for [500]',
      );
      await cloud.cs.call('destroyVirtualMachine', { id, expunge: true });
      expect(cloud.simulator.inventory().volumes.find((one) => one.id === volume)).toMatchObject({
        vmId: undefined,
      });
    },
  );

  it('is off when its process ends by itself', { timeout: 60_000 }, async () => {
    const id = await cloud.machine('ends');
    await cloud.cs.call('startVirtualMachine', { id });
    await launcher.stop(hostId(id), { ...call, force: true, timeoutMs: 5_000 });
    const { virtualmachine } = await cloud.cs.call('listVirtualMachines', { id });
    expect(virtualmachine[0].state).toBe('Stopped');
  });

  it('that could not be started at once loses its volumes', async () => {
    cloud.simulator.inject({
      command: 'deployVirtualMachine',
      kind: 'job-fails',
      code: 533,
      text: 'no host',
    });
    const { fixedOffering, zone, template, production } = cloud.simulator.ids;
    const refusal = await cloud.cs.refused('deployVirtualMachine', {
      ...{ name: 'fails', serviceofferingid: fixedOffering, zoneid: zone, templateid: template },
      networkids: production,
    });
    expect(refusal.error).toEqual({ errorcode: 533, errortext: 'no host' });
    const machine = cloud.simulator.inventory().machines.find(({ name }) => name === 'fails')!;
    expect(machine.state).toBe('Error');
    const volumes = cloud.simulator.inventory().volumes.filter(({ vmId }) => vmId === machine.id);
    expect(volumes).toMatchObject([{ type: 'ROOT', state: 'Destroy' }]);
  });
});

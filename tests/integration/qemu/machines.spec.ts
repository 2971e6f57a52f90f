import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ImageTool,
  MachineLauncher,
  diskDeviceId,
  diskTopNode,
  probeAccelerator,
  QmpClient,
  type MachineDefinition,
} from '@ossea/qemu';
import { createProcessRunner, isProcessAlive } from '@ossea/process';
import { MIB, run, scratchDirectory, signal, until } from './scratch.js';

let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let launcher: MachineLauncher;
const images = new ImageTool(run);
const another = () => new MachineLauncher({ runner: createProcessRunner(), machinesDir: scratch.path });

beforeEach(async () => {
  scratch = await scratchDirectory();
  launcher = new MachineLauncher({ runner: run, machinesDir: scratch.path });
});
afterEach(async () => {
  for (const id of await launcher.list()) {
    // a test may have left a definition that cannot be read
    await launcher.stop(id, { force: true, timeoutMs: 10_000, signal }).catch(() => undefined);
  }
  await scratch.remove();
});

async function machine(id: string, changes: Partial<MachineDefinition> = {}): Promise<MachineDefinition> {
  const definition: MachineDefinition = {
    id,
    name: `Machine, ${id}`,
    cpus: 1,
    memoryBytes: 64 * MIB,
    firmware: 'bios',
    disks: [
      { key: 'vda', file: 'vda.qcow2', format: 'qcow2', boot: true, serial: 'vol-1' },
      { key: 'vdb', file: 'vd,b.raw', format: 'raw', boot: false },
    ],
    nics: [{ key: 'nic0', mac: '52:54:00:00:00:01', network: 'isolated' }],
    accelerator: 'tcg',
    ...changes,
  };
  await launcher.define(definition);
  const { directory } = launcher.paths(id);
  await images.createQcow2Image(join(directory, 'vda.qcow2'), 8 * MIB, { signal });
  await images.createRawImage(join(directory, 'vd,b.raw'), 8 * MIB, { signal });
  return definition;
}
const force = { force: true, timeoutMs: 10_000, signal } as const;

describe('definitions', () => {
  it('are written whole, listed, read and forgotten, and disks stay', async () => {
    const definition = await machine('m1');
    await machine('m2');
    await mkdir(join(scratch.path, 'no-machine'));
    await writeFile(join(scratch.path, 'file'), '');
    expect(await another().list()).toEqual(['m1', 'm2']);
    expect(await another().read('m1')).toEqual(definition);
    await launcher.define({ ...definition, name: 'other' });
    expect((await launcher.read('m1')).name).toBe('other');
    await launcher.undefine('m1');
    await launcher.undefine('m1');
    expect(await launcher.list()).toEqual(['m2']);
    expect((await readdir(join(scratch.path, 'm1'))).sort()).toEqual(['vd,b.raw', 'vda.qcow2']);
  });

  it.each([
    ['no JSON', '{'],
    ['another id', JSON.stringify({ id: 'm2' })],
    ['a format that nobody knows', '{"id":"m1","disks":[{"format":"vmdk"}]}'],
  ])('with %s are refused', async (_what, text) => {
    const definition = await machine('m1');
    await writeFile(
      launcher.paths('m1').definition,
      text.startsWith('{"') ? JSON.stringify({ ...definition, ...JSON.parse(text) }) : text,
    );
    await expect(launcher.read('m1')).rejects.toMatchObject({ code: 'config.invalid' });
  });

  it('do not lead out of their directory', async () => {
    for (const id of ['..', '../x', 'a/b', '', '.']) {
      await expect(launcher.read(id)).rejects.toMatchObject({ code: 'resource.not-found' });
    }
  });
});

describe('machines', () => {
  it('outlive their launcher, are found again, and stop', async () => {
    await machine('m1');
    expect(await launcher.state('m1', { signal })).toBe('stopped');
    await launcher.start('m1', { signal });
    await launcher.start('m1', { signal });
    const found = await another().find('m1');
    expect(await another().state('m1', { signal })).toBe('running');
    await expect(another().undefine('m1')).rejects.toMatchObject({ code: 'resource.busy' });
    await another().stop('m1', force);
    await another().stop('m1', force);
    expect(await isProcessAlive(found!.pid)).toBe(false);
    expect(await launcher.state('m1', { signal })).toBe('stopped');
    expect((await readdir(launcher.paths('m1').directory)).sort()).toEqual([
      'machine.json',
      'serial.log',
      'vd,b.raw',
      'vda.qcow2',
    ]);
  });

  it('name block nodes after their disks and show a picture', async () => {
    await machine('m1');
    await launcher.start('m1', { signal });
    {
      await using qmp = await launcher.qmp('m1', { signal });
      const nodes = await qmp.execute<readonly { 'node-name': string }[]>('query-named-block-nodes', {
        flat: true,
      });
      expect(nodes.map((node) => node['node-name']).sort()).toEqual(
        ['vda', 'vdb'].flatMap((key) => [key, `${key}-file`, diskTopNode(key)]),
      );
      const command = `qemu-io -d /machine/peripheral/${diskDeviceId('vdb')}/virtio-backend "write -P 0xab 1M 64k"`;
      await qmp.execute('human-monitor-command', { 'command-line': command });
      // the operator's monitor is free while the product's is held
      await using operator = await QmpClient.connect(launcher.paths('m1').operatorQmp, { signal });
      expect(await operator.execute('query-name')).toEqual({ name: 'Machine, m1' });
    }
    expect((await readFile(join(launcher.paths('m1').directory, 'vd,b.raw')))[MIB]).toBe(0xab);
    const picture = await launcher.screenshot('m1', { signal });
    expect(picture.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
    expect((await readdir(launcher.paths('m1').directory)).some((name) => name.endsWith('.png'))).toBe(false);
  });

  it('are suspended when they are paused, and start lets them go on', async () => {
    await machine('m1');
    await launcher.start('m1', { signal });
    {
      await using qmp = await launcher.qmp('m1', { signal });
      await qmp.execute('stop');
    }
    expect(await launcher.state('m1', { signal })).toBe('suspended');
    await launcher.start('m1', { signal });
    expect(await launcher.state('m1', { signal })).toBe('running');
  });

  it('can be started to hold their disks only', async () => {
    await machine('m1');
    await launcher.start('m1', { signal, paused: true });
    await launcher.start('m1', { signal, paused: true });
    expect(await launcher.state('m1', { signal })).toBe('suspended');
  });

  it('are off after a kill, whoever has their pid then', async () => {
    await machine('m1');
    await launcher.start('m1', { signal });
    const { pid } = (await launcher.find('m1'))!;
    process.kill(pid, 'SIGKILL');
    await until('it is off', async () => (await launcher.state('m1', { signal })) === 'stopped');
    await writeFile(launcher.paths('m1').pid, `${process.pid}\n`);
    expect(await launcher.state('m1', { signal })).toBe('stopped');
    await launcher.stop('m1', force);
    await launcher.start('m1', { signal });
    expect(await launcher.state('m1', { signal })).toBe('running');
  });

  it('that do not heed the power button are not stopped, and say so', async () => {
    await machine('m1');
    await launcher.start('m1', { signal });
    await expect(launcher.stop('m1', { force: false, timeoutMs: 1_500, signal })).rejects.toMatchObject({
      code: 'machine.not-stopped',
    });
    expect(await launcher.state('m1', { signal })).toBe('running');
    const controller = new AbortController();
    const stopping = launcher.stop('m1', { force: false, timeoutMs: 60_000, signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    await expect(stopping).rejects.toMatchObject({ code: 'call.aborted' });
  });

  it('stop by force although somebody holds their monitor', async () => {
    await machine('m1');
    await launcher.start('m1', { signal });
    const holder = await launcher.qmp('m1', { signal });
    expect(await another().state('m1', { signal })).toBe('running');
    await another().stop('m1', force);
    expect(await launcher.state('m1', { signal })).toBe('stopped');
    await expect(holder.execute('query-status')).rejects.toMatchObject({ code: 'peer.unreachable' });
  });

  it('say why they do not start, and leave no process', async () => {
    await machine('gone', { disks: [{ key: 'vda', file: 'missing.raw', format: 'raw', boot: true }] });
    await expect(launcher.start('gone', { signal })).rejects.toMatchObject({ code: 'resource.not-found' });
    await machine('wrong', { disks: [{ key: 'vda', file: 'vd,b.raw', format: 'qcow2', boot: true }] });
    const failed = await launcher.start('wrong', { signal }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'machine.start-failed' });
    expect(String(failed)).toContain('qcow2');
    expect(await launcher.find('wrong')).toBeUndefined();
    await machine('first');
    await launcher.start('first', { signal });
    const disk = join(launcher.paths('first').directory, 'vda.qcow2');
    await machine('second', { disks: [{ key: 'vda', file: disk, format: 'qcow2', boot: true }] });
    await expect(launcher.start('second', { signal })).rejects.toMatchObject({ code: 'volume.in-use' });
    if (!existsSync('/usr/share/OVMF')) {
      await machine('uefi', { firmware: 'uefi' });
      const error = await launcher.start('uefi', { signal }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'machine.start-failed' });
      expect(String(error)).toContain('ovmf');
    }
  });

  it('keep what they printed over restarts', async () => {
    await machine('m1');
    expect(await launcher.serialTail('m1', 100)).toBe('');
    await writeFile(launcher.paths('m1').serialLog, 'first boot\n');
    await launcher.start('m1', { signal });
    expect(await launcher.serialTail('m1', 5)).toBe('boot\n');
  });

  it('run on what a real probe found, asked once', async () => {
    const first = probeAccelerator(run);
    expect(probeAccelerator(run)).toBe(first);
    expect(['kvm', 'tcg']).toContain(await first);
    const definition = await machine('m1');
    delete definition.accelerator;
    await launcher.define(definition);
    await launcher.start('m1', { signal });
    expect(await launcher.state('m1', { signal })).toBe('running');
  });
});

describe('a monitor', () => {
  it('that is not there is unreachable within the time', async () => {
    await expect(
      QmpClient.connect(join(scratch.path, 'no'), { signal, timeoutMs: 200 }),
    ).rejects.toMatchObject({
      code: 'peer.unreachable',
    });
    await expect(
      QmpClient.connect(join(scratch.path, 'no'), { signal: AbortSignal.timeout(50) }),
    ).rejects.toMatchObject({ code: 'call.aborted' });
  });

  it('serves one after the other, and the one who waits too long is told', async () => {
    await machine('m1');
    await launcher.start('m1', { signal });
    const holder = await launcher.qmp('m1', { signal });
    await expect(launcher.qmp('m1', { signal, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'peer.unreachable',
    });
    const next = launcher.qmp('m1', { signal });
    holder.close();
    (await next).close();
  });

  it('fails everything that waits when its machine dies', async () => {
    await machine('m1');
    await launcher.start('m1', { signal });
    const qmp = await launcher.qmp('m1', { signal });
    const event = qmp.waitForEvent(() => false, { timeoutMs: 60_000 });
    process.kill((await launcher.find('m1'))!.pid, 'SIGKILL');
    await expect(event).rejects.toMatchObject({ code: 'peer.unreachable' });
    await expect(qmp.execute('query-status')).rejects.toMatchObject({ code: 'peer.unreachable' });
    expect(qmp.connected).toBe(false);
  });

  it('runs jobs to their end, with their error', async () => {
    await machine('m1');
    await launcher.start('m1', { signal });
    await using qmp = await launcher.qmp('m1', { signal });
    const job = (id: string, filename: string) =>
      qmp.runJob(
        id,
        'blockdev-create',
        { 'job-id': id, options: { driver: 'file', filename, size: 4096 } },
        { signal },
      );
    await job('j1', join(scratch.path, 'made'));
    expect(existsSync(join(scratch.path, 'made'))).toBe(true);
    await expect(job('j2', join(scratch.path, 'no', 'made'))).rejects.toMatchObject({
      code: 'process.failed',
    });
    expect(await qmp.execute('query-jobs')).toEqual([]);
    await expect(qmp.execute('no-such-command')).rejects.toMatchObject({
      code: 'process.failed',
      context: { qmpClass: 'CommandNotFound' },
    });
  });
});

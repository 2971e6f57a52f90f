import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ImageTool, StorageDaemon } from '@ossea/qemu';
import { MIB, contentHash, nbdUri, qemuIo, run, scratchDirectory, signal } from './scratch.js';

const images = new ImageTool(run);
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let at: (name: string) => string;
beforeEach(async () => {
  scratch = await scratchDirectory();
  at = (name) => join(scratch.path, name);
});
afterEach(() => scratch.remove());

describe('making images', () => {
  it('makes them sparse, durable and only once', async () => {
    await images.createRawImage(at('a.raw'), 64 * MIB, { signal });
    await images.createQcow2Image(at('a.qcow2'), 64 * MIB, { signal });
    expect(await images.imageInfo(at('a.raw'), { format: 'raw', signal })).toMatchObject({
      virtualSizeBytes: 64 * MIB,
      bitmaps: [],
    });
    const { allocatedBytes } = await images.imageInfo(at('a.qcow2'), { format: 'qcow2', signal });
    expect(allocatedBytes).toBeLessThan(MIB);
    for (const again of [
      images.createRawImage(at('a.raw'), 512, { signal }),
      images.createDelta(at('a.qcow2'), 512, { signal }),
    ]) {
      await expect(again).rejects.toMatchObject({ code: 'resource.conflict' });
    }
    expect((await readdir(scratch.path)).sort()).toEqual(['a.qcow2', 'a.raw']);
  });

  it.each([0, 513, -512, 0.5])('refuses a size of %s bytes', async (sizeBytes) => {
    await expect(images.createRawImage(at('a.raw'), sizeBytes, { signal })).rejects.toMatchObject({
      code: 'disk.size-invalid',
    });
  });

  it('says that a file system cannot hold a raw disk of 64 TiB, and holds it as qcow2', async () => {
    await expect(images.createRawImage(at('a.raw'), 64 * 2 ** 40, { signal })).rejects.toMatchObject({
      code: 'disk.too-large',
    });
    await images.createDelta(at('a.qcow2'), 64 * 2 ** 40, { signal });
    expect(await readdir(scratch.path)).toEqual(['a.qcow2']);
  });

  it('reports persistent bitmaps and a backing file', async () => {
    await images.createRawImage(at('base.raw'), MIB, { signal });
    const args = ['create', '-q', '-f', 'qcow2', '-b', at('base.raw'), '-F', 'raw', at('a.qcow2')];
    await run.exec({ command: 'qemu-img', args }, { signal });
    await run.exec(
      { command: 'qemu-img', args: ['bitmap', '--add', '-g', '65536', at('a.qcow2'), 'b1'] },
      { signal },
    );
    const info = await images.imageInfo(at('a.qcow2'), { format: 'qcow2', signal });
    expect(info.backingFile).toBe(at('base.raw'));
    expect(info.bitmaps).toEqual([{ name: 'b1', granularityBytes: 65_536, flags: ['auto'] }]);
    await expect(images.imageInfo(at('no'), { format: 'raw', signal })).rejects.toMatchObject({
      code: 'resource.not-found',
    });
  });

  it('finds damage', async () => {
    await images.createQcow2Image(at('a.qcow2'), MIB, { signal });
    await images.checkImage(at('a.qcow2'), { signal });
    await qemuIo(at('a.qcow2'), 'raw', 'write -P 0 131072 4096');
    await expect(images.checkImage(at('a.qcow2'), { signal })).rejects.toMatchObject({
      code: 'disk.corrupt',
    });
  });
});

describe('deltas', () => {
  const sizeBytes = 8 * MIB + 512;

  it('tell their clusters: data, zeroes, and the last one that is no whole cluster', async () => {
    await images.createDelta(at('d'), sizeBytes, { signal });
    const daemon = await StorageDaemon.start({ runner: run, directory: scratch.path, name: 'a', signal });
    await daemon.addExport({ exportName: 'd', path: at('d'), format: 'qcow2', kind: 'file', writable: true });
    const writes = ['write 0 64k', 'write -P 1 128k 128k', 'write -z 256k 64k', 'write -z -u 320k 64k'];
    await qemuIo(nbdUri(daemon.nbdSocketPath, 'd'), 'raw', ...writes, 'write -P 9 8M 512', 'flush');
    await daemon.removeExport('d');
    await daemon[Symbol.asyncDispose]();
    expect(await images.allocatedClusters(at('d'), { format: 'qcow2', sizeBytes, signal })).toEqual([
      { first: 0, count: 1, zero: false },
      { first: 2, count: 2, zero: false },
      { first: 4, count: 2, zero: true },
      { first: 128, count: 1, zero: false },
    ]);
  });

  async function volumeAndDelta(
    volumeFormat: 'raw' | 'qcow2',
  ): Promise<{ deltaPath: string; volumePath: string }> {
    const [volumePath, deltaPath] = [at(`v.${volumeFormat}`), at('d')];
    if (volumeFormat === 'raw') await images.createRawImage(volumePath, sizeBytes, { signal });
    else await images.createQcow2Image(volumePath, sizeBytes, { signal });
    await images.createDelta(deltaPath, sizeBytes, { signal });
    await qemuIo(volumePath, volumeFormat, 'write -P 1 0 8M', 'write -P 1 8M 512');
    await qemuIo(deltaPath, 'qcow2', 'write -P 2 1M 64k', 'write -z 2M 64k', 'write -P 3 8M 512');
    return { volumePath, deltaPath };
  }
  const folded = ['read -P 1 0 1M', 'read -P 2 1M 64k', 'read -P 0 2M 64k', 'read -P 3 8M 512'];

  it.each(['raw', 'qcow2'] as const)(
    'fold into a %s volume, and may be folded again',
    async (volumeFormat) => {
      const paths = await volumeAndDelta(volumeFormat);
      for (let round = 0; round < 2; round += 1) {
        await images.foldDelta({ ...paths, volumeFormat }, { signal });
        await qemuIo(paths.volumePath, volumeFormat, ...folded, 'read -P 1 1088k 900k');
        // the map still shows the delta's own clusters, although its header now names the volume
        const clusters = await images.allocatedClusters(paths.deltaPath, {
          format: 'qcow2',
          sizeBytes,
          signal,
        });
        expect(clusters).toEqual([
          { first: 16, count: 1, zero: false },
          { first: 32, count: 1, zero: true },
          { first: 128, count: 1, zero: false },
        ]);
      }
    },
  );

  it('fold right after a kill at any moment', async () => {
    const size = 64 * MIB;
    await images.createRawImage(at('v'), size, { signal });
    await images.createDelta(at('d'), size, { signal });
    await qemuIo(at('v'), 'raw', 'write -P 1 0 64M');
    await qemuIo(at('d'), 'qcow2', ...Array.from({ length: 32 }, (_, i) => `write -P ${i + 2} ${i * 2}M 1M`));
    const fold = ['commit', '-q', '-d', '-f', 'qcow2', at('d')];
    await run.exec(
      { command: 'qemu-img', args: ['rebase', '-u', '-f', 'qcow2', '-b', at('v'), '-F', 'raw', at('d')] },
      { signal },
    );
    let killed = 0;
    for (const timeoutMs of [12, 18, 25, 35, 50]) {
      await run.exec({ command: 'qemu-img', args: fold, timeoutMs }, { signal }).catch(() => (killed += 1));
    }
    expect(killed).toBeGreaterThan(0);
    await images.foldDelta({ volumePath: at('v'), volumeFormat: 'raw', deltaPath: at('d') }, { signal });
    const checks = Array.from({ length: 32 }, (_, i) => [
      `read -P ${i + 2} ${i * 2}M 1M`,
      `read -P 1 ${i * 2 + 1}M 1M`,
    ]);
    await qemuIo(at('v'), 'raw', ...checks.flat());
  });

  it('wait while a machine holds the volume, and leave it as it is', async () => {
    const paths = await volumeAndDelta('raw');
    const before = await contentHash(paths.volumePath, 'raw', scratch.path);
    const machine = await run.start(
      {
        command: 'qemu-system-x86_64',
        args: [
          ...['-machine', 'pc,accel=tcg', '-nodefaults', '-display', 'none', '-S', '-m', '32'],
          ...['-qmp', `unix:${at('m.sock')},server=on,wait=off`],
          ...[
            '-blockdev',
            `driver=raw,node-name=v,read-only=on,file.driver=file,file.filename=${paths.volumePath}`,
          ],
          ...['-device', 'virtio-blk-pci,drive=v'],
        ],
        readyWhen: { socket: at('m.sock') },
      },
      { signal },
    );
    const fold = () => images.foldDelta({ ...paths, volumeFormat: 'raw' }, { signal });
    await expect(fold()).rejects.toMatchObject({ code: 'volume.in-use' });
    await machine[Symbol.asyncDispose]();
    expect(await contentHash(paths.volumePath, 'raw', scratch.path)).toBe(before);
    await fold();
    await qemuIo(paths.volumePath, 'raw', ...folded);
  });

  it('do not fold into a volume that is smaller or gone, nor when aborted before', async () => {
    const { deltaPath } = await volumeAndDelta('raw');
    await images.createRawImage(at('small'), 8 * MIB, { signal });
    const request = { volumePath: at('small'), volumeFormat: 'raw', deltaPath } as const;
    await expect(images.foldDelta(request, { signal })).rejects.toMatchObject({ code: 'disk.size-mismatch' });
    expect((await images.imageInfo(at('small'), { format: 'raw', signal })).virtualSizeBytes).toBe(8 * MIB);
    await expect(images.foldDelta(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'call.aborted',
    });
    await rm(at('small'));
    await expect(images.foldDelta(request, { signal })).rejects.toMatchObject({ code: 'resource.not-found' });
  });
});

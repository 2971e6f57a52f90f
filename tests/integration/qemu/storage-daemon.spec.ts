import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isProcessAlive } from '@ossea/process';
import { ImageTool, StorageDaemon, type ExportSpec } from '@ossea/qemu';
import { MIB, nbdUri, qemuIo, run, scratchDirectory, signal, until } from './scratch.js';

const images = new ImageTool(run);
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let daemon: StorageDaemon;
const start = (name = 'a') => StorageDaemon.start({ runner: run, directory: scratch.path, name, signal });

beforeEach(async () => {
  scratch = await scratchDirectory();
  daemon = await start();
});
afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
  await scratch.remove();
});

async function rawExport(exportName: string, sizeBytes = 4 * MIB): Promise<ExportSpec> {
  const path = join(scratch.path, `${exportName}.raw`);
  await images.createRawImage(path, sizeBytes, { signal });
  return { exportName, path, format: 'raw', kind: 'file', writable: true };
}

describe('exports', () => {
  it('come and go while the daemon runs, and hold what was written', async () => {
    const long = `vol-${'0'.repeat(36)}`;
    const spec = await rawExport(long);
    await daemon.addExport(spec);
    await daemon.addExport({ ...spec });
    expect(daemon.exports()).toEqual([spec]);
    await qemuIo(nbdUri(daemon.nbdSocketPath, long), 'raw', 'write -P 0x5a 1M 64k', 'flush');
    await daemon.removeExport(long);
    await daemon.removeExport(long);
    expect(daemon.exports()).toEqual([]);
    expect((await readFile(spec.path)).subarray(MIB, MIB + 65_536).every((byte) => byte === 0x5a)).toBe(true);
    await expect(qemuIo(nbdUri(daemon.nbdSocketPath, long), 'raw', 'read 0 512')).rejects.toThrow();
  });

  it('refuse another image under the same name', async () => {
    const spec = await rawExport('v1');
    await daemon.addExport(spec);
    await expect(daemon.addExport({ ...spec, writable: false })).rejects.toMatchObject({
      code: 'resource.conflict',
    });
  });

  it('leave nothing behind when the image cannot be opened', async () => {
    const missing = { ...(await rawExport('v1')), path: join(scratch.path, 'no') };
    await expect(daemon.addExport(missing)).rejects.toMatchObject({ code: 'process.failed' });
    const broken: ExportSpec = { ...(await rawExport('v2')), format: 'qcow2' };
    await expect(daemon.addExport(broken)).rejects.toMatchObject({ code: 'process.failed' });
    expect(daemon.exports()).toEqual([]);
    await daemon.addExport(await rawExport('v3'));
  });

  it('end under a client that is using them, and the daemon goes on', async () => {
    const spec = await rawExport('v1');
    await daemon.addExport(spec);
    await daemon.addExport(await rawExport('v2'));
    const commands = ['-c', 'write -P 7 0 512', '-c', 'sleep 60000'];
    const client = await run.start(
      {
        command: 'qemu-io',
        args: ['-f', 'raw', ...commands, nbdUri(daemon.nbdSocketPath, 'v1')],
        readyWhen: 'spawned',
      },
      { signal },
    );
    await until('the client has written', async () => (await readFile(spec.path))[0] === 7);
    await daemon.removeExport('v1');
    await qemuIo(nbdUri(daemon.nbdSocketPath, 'v2'), 'raw', 'write 0 64k');
    await client[Symbol.asyncDispose]();
  });

  it('survive clients that vanish: twenty disconnects in the midst of the handshake and of requests', async () => {
    await daemon.addExport(await rawExport('v1'));
    for (let round = 0; round < 20; round += 1) {
      const socket = connect(daemon.nbdSocketPath);
      await new Promise((resolve) => socket.once('data', resolve));
      if (round % 2) socket.write(randomBytes(16));
      socket.destroy();
      if (round % 5 === 0) await qemuIo(nbdUri(daemon.nbdSocketPath, 'v1'), 'raw', 'write 0 64k');
    }
    expect(await isProcessAlive(daemon.pid)).toBe(true);
    await qemuIo(nbdUri(daemon.nbdSocketPath, 'v1'), 'raw', 'read 0 512');
  });

  it('show a volume through its sealed deltas, oldest first', async () => {
    const volume = await rawExport('v1');
    const deltas = [join(scratch.path, 'd1'), join(scratch.path, 'd2')];
    for (const delta of deltas) await images.createDelta(delta, 4 * MIB, { signal });
    await qemuIo(volume.path, 'raw', 'write -P 1 0 256k');
    await qemuIo(deltas[0]!, 'qcow2', 'write -P 2 64k 128k');
    await qemuIo(deltas[1]!, 'qcow2', 'write -P 3 128k 64k', 'write -z 192k 64k');
    await daemon.addExport({ ...volume, writable: false, deltas });
    const checks = ['read -P 1 0 64k', 'read -P 2 64k 64k', 'read -P 3 128k 64k', 'read -P 0 192k 64k'];
    await qemuIo(nbdUri(daemon.nbdSocketPath, 'v1'), 'raw', ...checks);
    await daemon.removeExport('v1');
    await expect(daemon.addExport({ ...volume, deltas })).rejects.toMatchObject({ code: 'request.invalid' });
  });
});

describe('the daemon', () => {
  it('is alone under its name', async () => {
    await expect(start()).rejects.toMatchObject({ code: 'resource.busy' });
    const other = await start('b');
    expect(other.nbdSocketPath).not.toBe(daemon.nbdSocketPath);
    await other[Symbol.asyncDispose]();
  });

  it('is noticed when it is killed, fails what waits, and can be started again at the same socket', async () => {
    const spec = await rawExport('v1');
    await daemon.addExport(spec);
    process.kill(daemon.pid, 'SIGKILL');
    expect(await daemon.exited).toMatchObject({ signal: 'SIGKILL' });
    await until('the loss is known', async () =>
      daemon.addExport({ ...spec, exportName: 'v2' }).then(
        () => false,
        (error: { code?: string }) => error.code === 'peer.unreachable',
      ),
    );
    const next = await start();
    expect(next.nbdSocketPath).toBe(daemon.nbdSocketPath);
    await next.addExport(spec);
    await qemuIo(nbdUri(next.nbdSocketPath, 'v1'), 'raw', 'read 0 512');
    await daemon[Symbol.asyncDispose]();
    expect((await readdir(scratch.path)).filter((name) => name.endsWith('.qmp'))).toHaveLength(1);
    daemon = next;
  });

  it('refuses a directory that no socket path fits into', async () => {
    const deep = join(scratch.path, 'x'.repeat(100));
    await expect(
      StorageDaemon.start({ runner: run, directory: deep, name: 'a', signal }),
    ).rejects.toMatchObject({ code: 'config.invalid' });
  });

  it('says that it cannot write its lock', async () => {
    await writeFile(join(scratch.path, 'file'), '');
    const directory = join(scratch.path, 'file');
    await expect(StorageDaemon.start({ runner: run, directory, name: 'a', signal })).rejects.toMatchObject({
      code: 'process.failed',
    });
  });
});

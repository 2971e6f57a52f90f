import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BITMAP_DIRTY, ALLOCATION_ZERO, NbdClient } from '@ossea/copy-engine';
import { afterEach, beforeEach, expect, it } from 'vitest';

const MIB = 1 << 20;
const SIZE = 3 * MIB + 512;
let dir: string;
let end: () => Promise<void> = () => Promise.resolve();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nbdc-'));
});
afterEach(async () => {
  await end();
  rmSync(dir, { recursive: true });
});

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

/** A qcow2 disk with a dirty bitmap, served by qemu-nbd. */
async function qemuNbd(...args: string[]): Promise<string> {
  const socket = join(dir, 's');
  const child = spawn(
    'qemu-nbd',
    ['-t', '-e', '8', '-k', socket, '-x', 'disk', '-f', 'qcow2', ...args, join(dir, 'd')],
    {
      stdio: 'ignore',
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  end = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  for (const deadlineMs = performance.now() + 20_000; !existsSync(socket); await delay(10)) {
    if (performance.now() > deadlineMs) throw new Error('qemu-nbd does not listen');
  }
  return socket;
}

const signal = new AbortController().signal;

it('speaks with qemu-nbd: sizes, bytes, zeroes, flush, allocation and dirty bitmap', async () => {
  run('qemu-img', 'create', '-q', '-f', 'qcow2', join(dir, 'd'), String(SIZE));
  run('qemu-img', 'bitmap', '--add', '-g', '65536', join(dir, 'd'), 'b0');
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 1M 64k', '-c', 'write -P 9 3145728 512', join(dir, 'd'));
  const path = await qemuNbd('-B', 'b0', '-r');
  const contexts = ['base:allocation', 'qemu:dirty-bitmap:b0', 'qemu:dirty-bitmap:none'];
  await using client = await NbdClient.connect(
    { transport: 'nbd-unix', path, exportName: 'disk' },
    { signal, contexts },
  );
  expect(client.sizeBytes).toBe(SIZE);
  expect(client.readOnly).toBe(true);
  expect(contexts.map((name) => client.hasContext(name))).toEqual([true, true, false]);
  expect(await client.extents('qemu:dirty-bitmap:b0')).toEqual([
    { offset: 0, length: MIB, flags: 0 },
    { offset: MIB, length: 65_536, flags: BITMAP_DIRTY },
    { offset: MIB + 65_536, length: 2 * MIB - 65_536, flags: 0 },
    { offset: 3 * MIB, length: 512, flags: BITMAP_DIRTY },
  ]);
  const zero = (await client.extents('base:allocation', { offset: 0, length: 2 * MIB })).map(
    ({ offset, flags }) => [offset, (flags & ALLOCATION_ZERO) !== 0],
  );
  expect(zero).toEqual([
    [0, true],
    [MIB, false],
    [MIB + 65_536, true],
  ]);
  // many at once, answered in whatever order
  const reads = await Promise.all(
    Array.from({ length: 40 }, (_, i) => client.read(MIB - 32_768 + i * 4096, 4096)),
  );
  reads.forEach((bytes, i) => expect(bytes.equals(Buffer.alloc(4096, i >= 8 && i < 24 ? 7 : 0))).toBe(true));
  await expect(client.write(0, Buffer.alloc(512))).rejects.toMatchObject({ code: 'nbd.read-only' });
  await expect(client.extents('qemu:dirty-bitmap:none')).rejects.toMatchObject({ code: 'peer.protocol' });
});

it('writes what another connection reads, and tells an export that is not there', async () => {
  run('qemu-img', 'create', '-q', '-f', 'qcow2', join(dir, 'd'), String(SIZE));
  const path = await qemuNbd();
  const address = { transport: 'nbd-unix', path, exportName: 'disk' } as const;
  await using writer = await NbdClient.connect(address, { signal });
  await Promise.all([
    writer.write(512, Buffer.alloc(70_000 * 4, 1)),
    writer.write(2 * MIB, Buffer.alloc(MIB + 512, 2)),
  ]);
  await writer.writeZeroes(2 * MIB + 512, 512);
  await writer.flush();
  await using reader = await NbdClient.connect(address, { signal });
  expect((await reader.read(512, 280_000)).equals(Buffer.alloc(280_000, 1))).toBe(true);
  const tail = Buffer.alloc(1536, 2).fill(0, 512, 1024);
  expect((await reader.read(2 * MIB, 1536)).equals(tail)).toBe(true);
  expect((await reader.read(SIZE - 512, 512)).equals(Buffer.alloc(512, 2))).toBe(true);
  await expect(NbdClient.connect({ ...address, exportName: 'none' }, { signal })).rejects.toMatchObject({
    code: 'nbd.export-missing',
  });
  await end();
  await expect(writer.read(0, 512)).rejects.toMatchObject({ code: 'nbd.connection-lost' });
});

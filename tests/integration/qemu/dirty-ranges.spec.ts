import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ImageTool, readDirtyRanges, type DirtyRange } from '@ossea/qemu';
import { MIB, qemuIo, run, scratchDirectory, signal } from './scratch.js';

const SIZE_BYTES = 64 * MIB;
const CLUSTER = 65_536;
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let image = '';
let socketPath = '';

beforeEach(async () => {
  scratch = await scratchDirectory();
  image = join(scratch.path, 'disk.qcow2');
  socketPath = join(scratch.path, 's');
  await new ImageTool(run).createQcow2Image(image, SIZE_BYTES, { signal });
  await bitmap('--add', '--enable', '-g', String(CLUSTER));
});
afterEach(() => scratch.remove());

const bitmap = (...args: string[]) =>
  run.exec({ command: 'qemu-img', args: ['bitmap', ...args, '-f', 'qcow2', image, 'b0'] }, { signal });

async function dirty(name = 'b0', windowBytes?: number): Promise<DirtyRange[]> {
  await bitmap('--disable');
  // -t: without it the server ends after its first client
  const args = ['-t', '-r', '-f', 'qcow2', '-B', 'b0', '-k', socketPath, '-x', 'disk', image];
  const readyWhen = { socket: socketPath };
  const server = await run.start({ command: 'qemu-nbd', args, readyWhen }, { signal });
  try {
    const source = { socketPath, exportName: 'disk', bitmap: name, sizeBytes: SIZE_BYTES };
    const ranges: DirtyRange[] = [];
    const options = { signal, ...(windowBytes === undefined ? {} : { windowBytes }) };
    for await (const range of readDirtyRanges(run, source, options)) ranges.push(range);
    return ranges;
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

it('tells what a bitmap marks, zeroes and discards included, up to the end of the disk', async () => {
  await qemuIo(
    image,
    'qcow2',
    'write 1M 64k',
    'write -z 2M 64k',
    'discard 3M 64k',
    `write ${SIZE_BYTES - 512} 512`,
  );
  expect(await dirty()).toEqual([
    { offset: MIB, length: CLUSTER },
    { offset: 2 * MIB, length: CLUSTER },
    { offset: 3 * MIB, length: CLUSTER },
    { offset: SIZE_BYTES - CLUSTER, length: CLUSTER },
  ]);
});

it('merges what goes on over the edge of a window, and nothing else', async () => {
  await qemuIo(image, 'qcow2', `write ${8 * MIB - CLUSTER} ${2 * CLUSTER}`, 'write 16M 64k', 'write 20M 8M');
  const ranges = [
    { offset: 8 * MIB - CLUSTER, length: 2 * CLUSTER },
    { offset: 16 * MIB, length: CLUSTER },
    { offset: 20 * MIB, length: 8 * MIB },
  ];
  expect(await dirty('b0', 8 * MIB)).toEqual(ranges);
});

it('says nothing of a disk that nobody wrote, and fails for a bitmap that is not there', async () => {
  expect(await dirty()).toEqual([]);
  await expect(dirty('another')).rejects.toMatchObject({ code: 'process.failed' });
});

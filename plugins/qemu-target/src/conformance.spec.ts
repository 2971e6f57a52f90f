import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeTargetPlugin, type TargetSubject } from '@ossea/plugin-conformance';
import type { PluginContext, VolumeDevice } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { plugin } from './plugin.js';
import type { QemuPlacement, QemuTargetSettings } from './settings.js';

const signal = new AbortController().signal;
const runner = createProcessRunner();

/** One piece of an image of any format, as qemu-img sees it; `undefined` bytes: read. */
async function readPiece(
  device: VolumeDevice,
  offset: number,
  length: number,
  scratch: string,
): Promise<Buffer> {
  const out = join(scratch, 'piece.raw');
  const { format, path } = device;
  const node = `driver=raw,offset=${offset},size=${length},file.driver=${format},file.file.driver=file,file.file.filename=${path}`;
  await runner.exec(
    { command: 'qemu-img', args: ['convert', '--image-opts', node, '-O', 'raw', out] },
    { signal },
  );
  const file = await open(out);
  try {
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer;
  } finally {
    await file.close();
  }
}

async function writePiece(
  device: VolumeDevice,
  offset: number,
  bytes: Uint8Array,
  scratch: string,
): Promise<void> {
  const pattern = join(scratch, 'pattern');
  const file = await open(pattern, 'w');
  await file.writeFile(bytes);
  await file.close();
  const { format, path } = device;
  const commands = ['-c', `write -s ${pattern} ${offset} ${bytes.length}`, '-c', 'flush'];
  await runner.exec({ command: 'qemu-io', args: ['-f', format, ...commands, path] }, { signal });
}

describe.each(['raw', 'qcow2'] as const)('qemu-target with %s volumes', (format) => {
  let subject: TargetSubject<QemuTargetSettings, QemuPlacement>;
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'qt-'));
    const scratchDir = join(directory, 's');
    await mkdir(scratchDir);
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const context: PluginContext = { log: silent, scratchDir, run: runner };
    subject = {
      plugin,
      settings: { poolDir: join(directory, 'p'), machinesDir: join(directory, 'm') },
      context,
      // emulation, so that the outcome does not depend on the box
      placement: { format, accelerator: 'tcg' },
      impossiblePlacement: { format, accelerator: 'tcg', network: 'no-such-network' },
      volumeBytes: 8 << 20,
      read: (device, offset, length) => readPiece(device, offset, length, scratchDir),
      write: (device, offset, bytes) => writePiece(device, offset, bytes, scratchDir),
    };
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  describeTargetPlugin(() => subject, { describe, it });
});

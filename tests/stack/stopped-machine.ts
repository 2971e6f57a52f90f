import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { MachineDisk } from '@ossea/qemu';
import type { SourceHost } from './source-host.js';

const CHUNK_BYTES = 1 << 20;

/** Puts a machine that is off on a host; it has no network. */
export async function defineStopped(
  host: SourceHost,
  id: string,
  disks: readonly Pick<MachineDisk, 'key' | 'file' | 'format'>[],
): Promise<void> {
  await host.define({
    id,
    name: id,
    cpus: 1,
    memoryBytes: 64 << 20,
    firmware: 'bios',
    disks: disks.map((disk, index) => ({ ...disk, boot: index === 0 })),
    nics: [],
  });
}

/** A file of random bytes: nothing in it can be left out. */
export async function randomFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (let left = bytes; left > 0; left -= CHUNK_BYTES)
      await file.write(randomBytes(Math.min(left, CHUNK_BYTES)));
  } finally {
    await file.close();
  }
}

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockEndpoint, ProcessRunner } from '@ossea/plugin-sdk';

/** Reads bytes from an endpoint that a plugin handed out, with QEMU's tools: no code of ours takes part. */
export async function readEndpoint(
  runner: ProcessRunner,
  endpoint: BlockEndpoint,
  { offset, length }: { readonly offset: number; readonly length: number },
  scratchDir: string,
): Promise<Buffer> {
  if (endpoint.transport !== 'nbd-unix') throw new Error('a Unix socket was expected');
  const out = join(scratchDir, 'piece.raw');
  const nbd = `file.driver=nbd,file.export=${endpoint.exportName},file.server.type=unix,file.server.path=${endpoint.path}`;
  const node = `driver=raw,offset=${offset},size=${Math.ceil(length / 512) * 512},${nbd}`;
  const args = ['convert', '--image-opts', node, '-O', 'raw', out];
  await runner.exec({ command: 'qemu-img', args }, { signal: new AbortController().signal });
  const file = await open(out);
  try {
    return (await file.read(Buffer.alloc(length), 0, length, 0)).buffer;
  } finally {
    await file.close();
  }
}

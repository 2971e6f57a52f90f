import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const ZEROES = Buffer.alloc(4 << 20);

export interface Image {
  /** `driver=…` of QEMU's image options. */
  readonly options: string;
}

export const rawFile = (path: string): Image => ({
  options: `driver=raw,file.driver=file,file.filename=${path}`,
});
export const qcow2File = (path: string): Image => ({
  options: `driver=qcow2,file.driver=file,file.filename=${path}`,
});
export const nbdExport = (socket: string, name: string): Image => ({
  options: `driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=${socket},file.export=${name}`,
});

/** By the end of its name, which our own files tell the truth with. */
export const imageAt = (path: string): Image => (path.endsWith('.qcow2') ? qcow2File(path) : rawFile(path));

/** `qemu-img convert -O raw` of an image that somebody may have open. */
export async function rawCopy(image: Image, to: string): Promise<void> {
  await exec('qemu-img', ['convert', '-U', '--image-opts', image.options, '-O', 'raw', to]);
}

/**
 * SHA-256 of a file, or of its first `sizeBytes`: the rest must be zero then.
 * A target that knows whole GiB only gives more than it was asked for.
 */
export async function fileSha256(path: string, sizeBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(ZEROES.length);
  await using file = await open(path);
  let at = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    const inside = Math.max(0, Math.min(bytesRead, sizeBytes - at));
    hash.update(buffer.subarray(0, inside));
    if (buffer.compare(ZEROES, 0, bytesRead - inside, inside, bytesRead) !== 0)
      throw new Error(`${path} holds something behind its first ${sizeBytes} bytes`);
    at += bytesRead;
  }
  if (Number.isFinite(sizeBytes) && at < sizeBytes) throw new Error(`${path} has ${at} bytes only`);
  return hash.digest('hex');
}

/** SHA-256 of an image as the guest sees it: `qemu-img convert -O raw`, then every byte of that. */
export async function imageSha256(image: Image, scratchDir: string, sizeBytes?: number): Promise<string> {
  const raw = join(scratchDir, `${process.pid}-${Math.random().toString(36).slice(2)}.raw`);
  try {
    await rawCopy(image, raw);
    return await fileSha256(raw, sizeBytes);
  } finally {
    await rm(raw, { force: true });
  }
}

/** Of several images, one after the other. */
export async function imagesSha256(images: readonly Image[], scratchDir: string): Promise<string[]> {
  const hashes: string[] = [];
  for (const image of images) hashes.push(await imageSha256(image, scratchDir));
  return hashes;
}

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

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

export async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** SHA-256 of an image as the guest sees it: `qemu-img convert -O raw`, then every byte of that. */
export async function imageSha256(image: Image, scratchDir: string): Promise<string> {
  const raw = join(scratchDir, `${process.pid}-${Math.random().toString(36).slice(2)}.raw`);
  try {
    await rawCopy(image, raw);
    return await fileSha256(raw);
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

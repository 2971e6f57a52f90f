import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
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
export async function fileSha256(path: string, sizeBytes?: number): Promise<string> {
  const hash = createHash('sha256');
  await using file = await open(path);
  const end = sizeBytes ?? (await file.stat()).size;
  for await (const bytes of piecesOf(file, 0, end)) hash.update(bytes);
  if (sizeBytes !== undefined)
    for (const { start, length, data, zero } of await extentsOf(path)) {
      if (!data || zero || start + length <= sizeBytes) continue;
      for await (const bytes of piecesOf(file, Math.max(start, sizeBytes), start + length))
        if (!ZEROES.subarray(0, bytes.length).equals(bytes))
          throw new Error(`${path} holds something behind its first ${sizeBytes} bytes`);
    }
  return hash.digest('hex');
}

async function* piecesOf(file: FileHandle, from: number, end: number): AsyncIterable<Buffer> {
  const buffer = Buffer.allocUnsafe(ZEROES.length);
  for (let at = from; at < end;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) throw new Error(`the file ends at ${at}, and ${end} bytes are expected`);
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

interface MappedExtent {
  readonly start: number;
  readonly length: number;
  readonly data: boolean;
  readonly zero: boolean;
}

/** What of a raw file is there: gigabytes of holes need not be read. */
async function extentsOf(path: string): Promise<MappedExtent[]> {
  const { stdout } = await exec('qemu-img', ['map', '-U', '-f', 'raw', '--output=json', path]);
  return JSON.parse(stdout) as MappedExtent[];
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

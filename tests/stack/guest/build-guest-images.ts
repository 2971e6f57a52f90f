import { execFile } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildInitramfs, findKernel } from './build-initramfs.js';
import * as layout from './layout.js';

const exec = promisify(execFile);
const SECTOR_BYTES = 512;
const FILL_CHUNK_BYTES = 4 * 1024 * 1024;

export interface GuestImagesSpec {
  /** Where `vda.qcow2` and `vdb.qcow2` are put; made when it is not there. */
  readonly directory: string;
  /** Sizes of the disks as the guest sees them; at least 128 MiB each, multiples of 512. */
  readonly diskBytes: { readonly vda: number; readonly vdb: number };
  /** Static pseudo-random data on both disks together, as far as they have room behind their rings. */
  readonly fillBytes: number;
  /** The same seed gives the same static data. */
  readonly seed: string;
  /** Records per second; 0 writes as fast as the guest can. 1280 (5 MiB/s) unless told. */
  readonly recordsPerSecond?: number;
}

export interface GuestImages {
  readonly vda: string;
  readonly vdb: string;
}

const bootConfig = (recordsPerSecond: number): string => `DEFAULT linux
PROMPT 0
TIMEOUT 1
LABEL linux
  KERNEL vmlinuz
  INITRD initrd.gz
  APPEND console=ttyS0 quiet panic=-1 mitigations=off audit=0 nokaslr random.trust_cpu=on ossea.rate=${recordsPerSecond}
`;

/** The boot partition: a FAT file system with SYSLINUX, made without mounting anything. */
async function buildBootPartition(work: string, recordsPerSecond: number): Promise<string> {
  const kernel = await findKernel();
  const initramfs = await buildInitramfs(work, kernel.version);
  const config = join(work, 'syslinux.cfg');
  await writeFile(config, bootConfig(recordsPerSecond));
  const fat = join(work, 'boot.fat');
  const sectors = String(layout.BOOT_BYTES / SECTOR_BYTES);
  const hidden = String(layout.BOOT_OFFSET_BYTES / SECTOR_BYTES);
  await exec('mformat', [
    '-i',
    fat,
    '-C',
    '-v',
    'OSSEA',
    '-T',
    sectors,
    '-h',
    '255',
    '-s',
    '63',
    '-H',
    hidden,
    '::',
  ]);
  await exec('syslinux', ['--install', fat]);
  await exec('mcopy', ['-i', fat, kernel.vmlinuz, '::vmlinuz']);
  await exec('mcopy', ['-i', fat, initramfs, '::initrd.gz']);
  await exec('mcopy', ['-i', fat, config, '::syslinux.cfg']);
  return fat;
}

/** A partition entry of the master boot record, addressed by sector numbers alone. */
function partition(active: boolean, type: number, offsetBytes: number, sizeBytes: number): Buffer {
  const entry = Buffer.alloc(16);
  entry[0] = active ? 0x80 : 0;
  entry.set([0xfe, 0xff, 0xff], 1);
  entry[4] = type;
  entry.set([0xfe, 0xff, 0xff], 5);
  entry.writeUInt32LE(offsetBytes / SECTOR_BYTES, 8);
  entry.writeUInt32LE(sizeBytes / SECTOR_BYTES, 12);
  return entry;
}

async function masterBootRecord(bootable: boolean, diskBytes: number): Promise<Buffer> {
  const sector = Buffer.alloc(SECTOR_BYTES);
  if (bootable) {
    const code = await readFile('/usr/lib/syslinux/mbr/mbr.bin');
    code.copy(sector, 0, 0, Math.min(code.length, 440));
    partition(true, 0x0e, layout.BOOT_OFFSET_BYTES, layout.BOOT_BYTES).copy(sector, 446);
  }
  const rest = diskBytes - layout.HEADER_OFFSET_BYTES;
  partition(false, 0xda, layout.HEADER_OFFSET_BYTES, rest).copy(sector, 446 + 16);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

async function fill(file: FileHandle, key: Buffer, lengthBytes: number): Promise<void> {
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeroes = Buffer.alloc(FILL_CHUNK_BYTES);
  for (let done = 0; done < lengthBytes; done += FILL_CHUNK_BYTES) {
    const chunk = stream.update(zeroes.subarray(0, Math.min(FILL_CHUNK_BYTES, lengthBytes - done)));
    await file.write(chunk, 0, chunk.length, layout.FILL_OFFSET_BYTES + done);
  }
}

/** How much of the static data goes to each disk: evenly, unless one of them is too small for its half. */
function shareOut(spec: GuestImagesSpec): readonly [number, number] {
  const room = (bytes: number): number => Math.max(0, bytes - layout.FILL_OFFSET_BYTES);
  const [vda, vdb] = [room(spec.diskBytes.vda), room(spec.diskBytes.vdb)];
  if (vda + vdb < spec.fillBytes)
    throw new Error(`${spec.fillBytes} bytes of data do not fit: both disks have room for ${vda + vdb}`);
  const half = Math.floor(spec.fillBytes / 2);
  const onVda = Math.min(vda, Math.max(half, spec.fillBytes - vdb));
  return [onVda, spec.fillBytes - onVda];
}

async function buildDisk(
  raw: string,
  disk: 0 | 1,
  diskBytes: number,
  options: { readonly boot: string | undefined; readonly key: Buffer; readonly fillBytes: number },
): Promise<void> {
  const file = await open(raw, 'wx');
  try {
    await file.truncate(diskBytes);
    const record = await masterBootRecord(options.boot !== undefined, diskBytes);
    await file.write(record, 0, record.length, 0);
    if (options.boot !== undefined) {
      const content = await readFile(options.boot);
      await file.write(content, 0, content.length, layout.BOOT_OFFSET_BYTES);
    }
    const header = layout.diskHeader(disk);
    await file.write(header, 0, header.length, layout.HEADER_OFFSET_BYTES);
    const ring = Buffer.alloc(layout.HOT_BYTES, layout.emptySlot());
    await file.write(ring, 0, ring.length, layout.HOT_OFFSET_BYTES);
    await fill(file, options.key, options.fillBytes);
  } finally {
    await file.close();
  }
}

/**
 * Builds the two disks of the test guest: `vda` boots by BIOS from nothing but itself, `vdb` holds data.
 * Needs Debian's cloud kernel, busybox-static, gcc, syslinux, mtools, cpio and qemu-utils; no root, no mounts.
 * @returns paths of two qcow2 images.
 */
export async function buildGuestImages(spec: GuestImagesSpec): Promise<GuestImages> {
  for (const [name, bytes] of Object.entries(spec.diskBytes))
    if (bytes % SECTOR_BYTES !== 0 || bytes < 128 * 1024 * 1024)
      throw new Error(`${name}: ${bytes} bytes; at least 128 MiB and a multiple of 512 are needed`);
  const fills = shareOut(spec);
  await mkdir(spec.directory, { recursive: true });
  const work = await mkdtemp(join(spec.directory, '.build-'));
  try {
    const boot = await buildBootPartition(work, spec.recordsPerSecond ?? 1280);
    const built: string[] = [];
    for (const [disk, name] of (['vda', 'vdb'] as const).entries()) {
      const raw = join(work, `${name}.raw`);
      await buildDisk(raw, disk as 0 | 1, spec.diskBytes[name], {
        boot: disk === 0 ? boot : undefined,
        key: layout.fillKey(spec.seed, disk),
        fillBytes: fills[disk]!,
      });
      const image = join(spec.directory, `${name}.qcow2`);
      await exec('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-W', raw, image]);
      await rm(raw);
      built.push(image);
    }
    return { vda: built[0]!, vdb: built[1]! };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Copies built images, so that many tests can start from one build. */
export async function copyGuestImages(images: GuestImages, directory: string): Promise<GuestImages> {
  await mkdir(directory, { recursive: true });
  const copy = { vda: join(directory, 'vda.qcow2'), vdb: join(directory, 'vdb.qcow2') };
  await copyFile(images.vda, copy.vda);
  await copyFile(images.vdb, copy.vdb);
  return copy;
}

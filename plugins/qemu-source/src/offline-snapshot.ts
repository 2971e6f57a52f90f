import { stat } from 'node:fs/promises';
import { MigrationError, isMigrationError } from '@ossea/errors';
import type { CallOptions, PluginContext } from '@ossea/plugin-sdk';
import type { ImageTool } from '@ossea/qemu';
import { GRANULARITY_BYTES, isOurs, planBitmaps, trackingBitmap } from './bitmaps.js';
import { blockNodes, nodeOf, removeBitmap } from './block-nodes.js';
import { ImageDaemon } from './image-daemon.js';
import { isMissing, type SnapshotDisk, type SnapshotRecord } from './snapshot-record.js';

type Image = Pick<SnapshotDisk, 'key' | 'path' | 'format'>;

/**
 * A snapshot of a machine that is off: its images as they are, held by a storage daemon so that the machine cannot
 * start. Where the daemon died with its owner, the prints of the images tell whether anybody wrote meanwhile.
 */
export class OfflineSnapshot {
  constructor(
    private readonly context: PluginContext,
    private readonly images: ImageTool,
  ) {}

  /** Begins to record anew in every image that can, then holds the images as they are and shows them. */
  async take(
    machineDirectory: string,
    { stamp, disks }: SnapshotRecord,
    call: CallOptions,
  ): Promise<{ readonly disks: SnapshotDisk[]; readonly daemon: ImageDaemon }> {
    const daemon = await ImageDaemon.start(this.context, machineDirectory, call);
    try {
      const taken = [...(await this.beginToRecord(daemon, disks, stamp))];
      await daemon.openAndLock(disks);
      const nodes = await blockNodes(daemon.qmp);
      for (const [index, disk] of taken.entries()) {
        const begun = nodeOf(nodes, disk.key).bitmaps.find(({ name }) => name === trackingBitmap(stamp));
        // between the two openings nothing holds the image
        if (begun && begun.dirtyBytes > 0) throw inUse();
        taken[index] = { ...disk, ...(await printOf(disk.path)) };
      }
      await daemon.serve(taken.map(({ key, since }) => ({ key, bitmaps: since.map(trackingBitmap) })));
      return { disks: taken, daemon };
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whether the images are what they were. Of block devices only whoever holds them can tell. */
  async isUnwritten({ disks }: SnapshotRecord, held: boolean): Promise<boolean> {
    for (const { path, print } of disks) {
      const now = await printOf(path);
      if (now === undefined || now.print !== print || (print === undefined && !held)) return false;
    }
    return true;
  }

  /** Holds and shows the images of a snapshot again. Throws `snapshot.failed` when they were written meanwhile. */
  async show(machineDirectory: string, record: SnapshotRecord, call: CallOptions): Promise<ImageDaemon> {
    const daemon = await ImageDaemon.start(this.context, machineDirectory, call);
    try {
      await daemon.openAndLock(record.disks);
      if (!(await this.isUnwritten(record, false))) throw inUse();
      await daemon.serve(record.disks.map(({ key, since }) => ({ key, bitmaps: since.map(trackingBitmap) })));
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Forgets bitmaps of ours; nobody may have the images open. Images without any are not touched. */
  async forget(
    machineDirectory: string,
    disks: readonly Image[],
    which: (bitmap: string) => boolean,
    call: CallOptions,
  ): Promise<void> {
    const found: { readonly image: Image; readonly bitmaps: readonly string[] }[] = [];
    for (const image of disks.filter(({ format }) => format === 'qcow2')) {
      const ours = (await this.bitmapsIn(image, call)).filter((name) => isOurs(name) && which(name));
      if (ours.length > 0) found.push({ image, bitmaps: ours });
    }
    if (found.length === 0) return;
    await using daemon = await ImageDaemon.start(this.context, machineDirectory, call);
    const images = found.map(({ image }) => image);
    await daemon.openForWriting(images);
    for (const { image, bitmaps } of found)
      for (const name of bitmaps) await removeBitmap(daemon.qmp, image.key, name);
    await daemon.close(images);
  }

  private async bitmapsIn({ path, format }: Image, call: CallOptions): Promise<readonly string[]> {
    try {
      const { bitmaps } = await this.images.imageInfo(path, { format, ...call });
      return bitmaps.map(({ name }) => name);
    } catch (error) {
      // an image that is gone has none
      if (isMigrationError(error) && error.code === 'resource.not-found') return [];
      throw error;
    }
  }

  /** Opens the images that keep bitmaps, all before any is changed, and closes them again: then it is in the files. */
  private async beginToRecord(
    daemon: ImageDaemon,
    disks: readonly SnapshotDisk[],
    stamp: string,
  ): Promise<readonly SnapshotDisk[]> {
    const images = disks.filter(({ format }) => format === 'qcow2');
    if (images.length === 0) return disks;
    await daemon.openForWriting(images);
    const nodes = await blockNodes(daemon.qmp);
    const since = new Map<string, readonly string[]>();
    for (const { key } of images.filter((image) => nodeOf(nodes, image.key).keepsBitmaps)) {
      const { usable, drop } = planBitmaps(nodeOf(nodes, key).bitmaps);
      since.set(key, usable);
      for (const name of drop) await removeBitmap(daemon.qmp, key, name);
    }
    const begin = [...since.keys()].map((node) => ({
      type: 'block-dirty-bitmap-add',
      data: { node, name: trackingBitmap(stamp), granularity: GRANULARITY_BYTES, persistent: true },
    }));
    await daemon.qmp.execute('transaction', { actions: begin });
    await daemon.close(images);
    return disks.map((disk) => ({ ...disk, since: [...(since.get(disk.key) ?? [])] }));
  }
}

function inUse(): MigrationError {
  return new MigrationError(
    'snapshot.failed',
    'The disks of the stopped machine were written: it was started, or another program has them.',
  );
}

/** Any write shows in it: QEMU's own bookkeeping as well as data. `undefined` for what is not there. */
async function printOf(path: string): Promise<{ readonly print?: string } | undefined> {
  try {
    const file = await stat(path, { bigint: true });
    // the times of a device's name tell nothing of what was written to it
    if (file.isBlockDevice()) return {};
    return { print: [file.dev, file.ino, file.size, file.mtimeNs, file.ctimeNs].join(':') };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

import { stat } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';
import type { CallOptions, PluginContext, RunningProcess } from '@ossea/plugin-sdk';
import type { ImageTool } from '@ossea/qemu';
import { GRANULARITY_BYTES, frozenBitmap, planBitmaps, trackingBitmap, type BitmapPlan } from './bitmaps.js';
import { isMissing, socketPath, type SnapshotDisk, type SnapshotRecord } from './snapshot-record.js';

/**
 * A snapshot of a machine that is off: its files as they are. A storage daemon shows them, and while it does QEMU's
 * image locks keep the machine from starting.
 */
export class OfflineSnapshot {
  constructor(
    private readonly context: PluginContext,
    private readonly images: ImageTool,
  ) {}

  /** What the bitmaps of a stopped machine's disk are good for. */
  async plan(
    { path, format }: Pick<SnapshotDisk, 'path' | 'format'>,
    call: CallOptions,
  ): Promise<BitmapPlan> {
    if (format === 'raw') return { freeze: [], drop: [] };
    const { bitmaps } = await this.images.imageInfo(path, { format, ...call });
    return planBitmaps(
      bitmaps.map(({ name, granularityBytes, flags }) => ({
        name,
        granularityBytes,
        consistent: !flags.includes('in-use'),
      })),
    );
  }

  /** Freezes what was recorded and begins to record anew; gives the disks with what their files are now. */
  async take(
    { stamp, disks }: SnapshotRecord,
    plans: ReadonlyMap<string, BitmapPlan>,
    call: CallOptions,
  ): Promise<SnapshotDisk[]> {
    const taken: SnapshotDisk[] = [];
    for (const disk of disks) {
      if (disk.format === 'qcow2') {
        for (const name of plans.get(disk.key)?.drop ?? []) await this.bitmap(disk, ['--remove'], name, call);
        for (const of of disk.frozen) {
          const granularity = ['-g', String(GRANULARITY_BYTES)];
          await this.bitmap(disk, ['--add', '--disable', ...granularity], frozenBitmap(of), call);
          await this.bitmap(disk, ['--merge', trackingBitmap(of)], frozenBitmap(of), call);
        }
        const add = ['--add', '--enable', '-g', String(GRANULARITY_BYTES)];
        await this.bitmap(disk, add, trackingBitmap(stamp), call);
      }
      taken.push({ ...disk, print: await printOf(disk.path) });
    }
    return taken;
  }

  /** Whether the files are what they were. */
  async isWhole({ disks }: SnapshotRecord): Promise<boolean> {
    for (const { path, print } of disks)
      if (print === undefined || (await printOf(path)) !== print) return false;
    return true;
  }

  /** Shows the disks, read-only, with what was frozen. */
  async show(machineDirectory: string, record: SnapshotRecord, call: CallOptions): Promise<RunningProcess> {
    const path = socketPath(machineDirectory);
    const args = ['--nbd-server', `addr.type=unix,addr.path=${escaped(path)},max-connections=64`];
    for (const { key, path: file, format, frozen } of record.disks) {
      const node = `driver=file,filename=${escaped(file)},node-name=f${key},read-only=on,locking=on`;
      const bitmaps = frozen.map((of, index) => `,bitmaps.${index}=${frozenBitmap(of)}`).join('');
      args.push('--blockdev', node);
      args.push('--blockdev', `driver=${format},file=f${key},node-name=n${key},read-only=on`);
      args.push('--export', `type=nbd,id=e${key},node-name=n${key},name=${key},writable=off${bitmaps}`);
    }
    return this.context.run.start(
      {
        command: 'qemu-storage-daemon',
        args,
        name: 'storage daemon of a stopped machine',
        readyWhen: { socket: path },
      },
      call,
    );
  }

  /** Takes the frozen bitmaps away; nobody may show the disks any more. */
  async drop({ disks }: SnapshotRecord, call: CallOptions): Promise<void> {
    for (const disk of disks) {
      if (disk.format === 'raw') continue;
      for (const of of disk.frozen) await this.forget(disk, frozenBitmap(of), call);
    }
  }

  /** Forgets every bitmap of ours that is in the image. */
  async dropAll(disk: Pick<SnapshotDisk, 'path' | 'format'>, call: CallOptions): Promise<void> {
    const { freeze, drop } = await this.plan(disk, call);
    for (const name of [...freeze.map(trackingBitmap), ...drop]) await this.forget(disk, name, call);
  }

  private async forget(
    disk: Pick<SnapshotDisk, 'path' | 'format'>,
    name: string,
    call: CallOptions,
  ): Promise<void> {
    const { bitmaps } = await this.images.imageInfo(disk.path, { format: disk.format, ...call });
    if (bitmaps.some((bitmap) => bitmap.name === name)) await this.bitmap(disk, ['--remove'], name, call);
  }

  private async bitmap(
    { path }: Pick<SnapshotDisk, 'path'>,
    action: readonly string[],
    name: string,
    { signal }: CallOptions,
  ): Promise<void> {
    const args = ['bitmap', ...action, '-f', 'qcow2', path, name];
    try {
      await this.context.run.exec({ command: 'qemu-img', args }, { signal });
    } catch (cause) {
      throw new MigrationError('snapshot.failed', `The record of changes of ${path} cannot be kept.`, {
        cause,
      });
    }
  }
}

/** Any write shows in it: QEMU's own bookkeeping of bitmaps as well as data. */
async function printOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const escaped = (value: string): string => value.replaceAll(',', ',,');

import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { diskTop, diskTopNode, fsyncFile, type QmpClient } from '@ossea/qemu';
import {
  GRANULARITY_BYTES,
  frozenBitmap,
  planBitmaps,
  trackingBitmap,
  trackingStamp,
  type BitmapPlan,
} from './bitmaps.js';
import { blockNodes, exportIds, forgiving, nodeOf, removeBitmap, removeExport } from './block-nodes.js';
import { liveSocketPath, overlayPath, type SnapshotDisk, type SnapshotRecord } from './snapshot-record.js';

/** A guest's write waits this long for its old bytes to be kept; then the snapshot breaks, and the guest goes on. */
const KEEP_TIMEOUT_SECONDS = 10;

/** QEMU's names for the parts of a snapshot of one disk; each stays below its 31 characters. */
const names = (disk: string, stamp: string) => ({
  file: `f${disk}-${stamp}`,
  overlay: `o${disk}-${stamp}`,
  filter: `c${disk}-${stamp}`,
  access: `s${disk}-${stamp}`,
  export: `e${disk}-${stamp}`,
  makeFile: `mf${disk}-${stamp}`,
  makeImage: `mi${disk}-${stamp}`,
});

/**
 * A snapshot inside a running QEMU (docs/adr/0012): a filter per disk keeps what the guest overwrites in an overlay,
 * and a node on the filter shows the disk as it was. When the overlay cannot be written the snapshot breaks and
 * every read of it fails; the guest's writes never do.
 */
export class LiveSnapshot {
  constructor(
    private readonly qmp: QmpClient,
    private readonly machineDirectory: string,
  ) {}

  /** What the bitmaps of each disk are good for. Throws `snapshot.failed` when the machine has other disks. */
  async plan(disks: readonly SnapshotDisk[]): Promise<ReadonlyMap<string, BitmapPlan>> {
    const nodes = await blockNodes(this.qmp);
    for (const { key } of disks) nodeOf(nodes, diskTopNode(key));
    return new Map(disks.map(({ key }) => [key, planBitmaps(nodeOf(nodes, key).bitmaps)]));
  }

  /**
   * All disks at ONE moment: `blockdev-reopen` drains them all before it puts the first filter in. New bitmaps begin
   * before that moment and old ones are frozen after it, so that a write beside it is in one too many, never in none.
   */
  async take(
    { stamp, disks }: SnapshotRecord,
    drop: readonly { readonly disk: string; readonly bitmap: string }[],
  ): Promise<void> {
    for (const { disk, bitmap } of drop) await removeBitmap(this.qmp, disk, bitmap);
    for (const disk of disks) await this.makeFilter(disk, stamp);
    await this.startServer();
    const nodes = await blockNodes(this.qmp);
    const begin = disks.map(({ key: node }) => ({
      type: 'block-dirty-bitmap-add',
      data: {
        node,
        name: trackingBitmap(stamp),
        granularity: GRANULARITY_BYTES,
        persistent: nodeOf(nodes, node).keepsBitmaps,
      },
    }));
    await this.qmp.execute('transaction', { actions: begin });
    // a reopen flushes, and the guest waits meanwhile: most of it is done here, beside the guest
    await Promise.all(disks.map(({ path }) => fsyncFile(path)));
    await this.qmp.execute('blockdev-reopen', {
      options: disks.map(({ key }) => diskTop(key, names(key, stamp).filter)),
    });
    await this.qmp.execute('transaction', { actions: disks.flatMap(freezeActions) });
    for (const disk of disks) await this.show(disk, stamp);
  }

  /** Whether all parts of a snapshot are there; that it can be read, only reading tells. */
  async isThere({ stamp, disks }: SnapshotRecord): Promise<boolean> {
    const nodes = await blockNodes(this.qmp);
    const exports = await exportIds(this.qmp);
    return disks.every(({ key }) => {
      const { access, export: id } = names(key, stamp);
      return nodes.has(access) && exports.has(id);
    });
  }

  /** Takes everything of a snapshot away, however much of it there is. Bitmaps that somebody has a token of stay. */
  async drop({ stamp, disks, issued }: SnapshotRecord): Promise<void> {
    for (const { key } of disks) {
      await removeExport(this.qmp, names(key, stamp).export);
      // before the filter: while somebody reads through a filter, nobody may write around it
      await this.removeNode(names(key, stamp).access);
    }
    const nodes = await blockNodes(this.qmp);
    const filtered = disks.filter(({ key }) => nodes.has(names(key, stamp).filter));
    if (filtered.length > 0)
      await this.qmp.execute('blockdev-reopen', { options: filtered.map(({ key }) => diskTop(key)) });
    for (const { key, since } of disks) {
      const { filter, overlay, file } = names(key, stamp);
      for (const node of [filter, overlay, file]) await this.removeNode(node);
      for (const of of since) await removeBitmap(this.qmp, key, frozenBitmap(of));
      if (!issued) await removeBitmap(this.qmp, key, trackingBitmap(stamp));
    }
    // the server is ours when its socket is: another's would have refused ours a place
    if (existsSync(liveSocketPath(this.machineDirectory)) && (await exportIds(this.qmp)).size === 0)
      await forgiving(this.qmp.execute('nbd-server-stop'));
  }

  /** Forgets what nobody can ask about any more: every bitmap of ours that records but those of these stamps. */
  async keepOnly(disk: string, stamps: readonly string[]): Promise<void> {
    for (const { name } of (await blockNodes(this.qmp)).get(disk)?.bitmaps ?? []) {
      const stamp = trackingStamp(name);
      if (stamp !== undefined && !stamps.includes(stamp)) await removeBitmap(this.qmp, disk, name);
    }
  }

  /** The filter stands ready, but is not in the guest's way yet. */
  private async makeFilter({ key, sizeBytes }: SnapshotDisk, stamp: string): Promise<void> {
    const node = names(key, stamp);
    const filename = overlayPath(this.machineDirectory, key, stamp);
    await this.qmp.runJob(node.makeFile, 'blockdev-create', {
      'job-id': node.makeFile,
      options: { driver: 'file', filename, size: 0 },
    });
    await this.qmp.execute('blockdev-add', { driver: 'file', 'node-name': node.file, filename });
    await this.qmp.runJob(node.makeImage, 'blockdev-create', {
      'job-id': node.makeImage,
      options: { driver: 'qcow2', file: node.file, size: sizeBytes },
    });
    await this.qmp.execute('blockdev-add', {
      driver: 'qcow2',
      'node-name': node.overlay,
      file: node.file,
    });
    await this.qmp.execute('blockdev-add', {
      driver: 'copy-before-write',
      'node-name': node.filter,
      file: key,
      target: node.overlay,
      'on-cbw-error': 'break-snapshot',
      'cbw-timeout': KEEP_TIMEOUT_SECONDS,
    });
  }

  private async startServer(): Promise<void> {
    const path = liveSocketPath(this.machineDirectory);
    await this.qmp.execute('nbd-server-start', {
      addr: { type: 'unix', data: { path } },
      'max-connections': 0,
    });
    await chmod(path, 0o600);
  }

  private async show({ key, since }: SnapshotDisk, stamp: string): Promise<void> {
    const { access, filter, export: id } = names(key, stamp);
    await this.qmp.execute('blockdev-add', {
      driver: 'snapshot-access',
      'node-name': access,
      file: filter,
    });
    await this.qmp.execute('block-export-add', {
      type: 'nbd',
      id,
      'node-name': access,
      name: key,
      writable: false,
      bitmaps: since.map((of) => ({ node: key, name: frozenBitmap(of) })),
    });
  }

  private async removeNode(name: string): Promise<void> {
    await forgiving(this.qmp.execute('blockdev-del', { 'node-name': name }));
  }
}

function freezeActions({ key: node, since }: SnapshotDisk): object[] {
  return since.flatMap((of) => [
    {
      type: 'block-dirty-bitmap-add',
      data: { node, name: frozenBitmap(of), granularity: GRANULARITY_BYTES, disabled: true },
    },
    {
      type: 'block-dirty-bitmap-merge',
      data: { node, target: frozenBitmap(of), bitmaps: [trackingBitmap(of)] },
    },
  ]);
}

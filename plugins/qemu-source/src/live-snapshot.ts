import { rm } from 'node:fs/promises';
import { asMigrationError, MigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import { isQmpRefusal, QmpClient } from '@ossea/qemu';
import {
  GRANULARITY_BYTES,
  frozenBitmap,
  planBitmaps,
  trackingBitmap,
  trackingStamp,
  type BitmapPlan,
  type KnownBitmap,
} from './bitmaps.js';
import { overlayPath, socketPath, type SnapshotDisk, type SnapshotRecord } from './snapshot-record.js';

const EVENT_TIMEOUT_MS = 60_000;
/** Connections of one copy: several to each disk. */
const MAX_CONNECTIONS = 64;

/** QEMU's names for the parts of a snapshot of one disk; each stays below its 31 characters. */
const names = (disk: string, stamp: string) => ({
  file: `f${disk}-${stamp}`,
  overlay: `s${disk}-${stamp}`,
  job: `b${disk}-${stamp}`,
  export: `e${disk}-${stamp}`,
  makeFile: `mf${disk}-${stamp}`,
  makeImage: `mi${disk}-${stamp}`,
});

interface NamedNode {
  readonly 'node-name': string;
  readonly 'dirty-bitmaps'?: readonly {
    readonly name?: string;
    readonly granularity: number;
    readonly inconsistent?: boolean;
  }[];
}

/** A snapshot inside a running QEMU: an overlay per disk keeps what the guest overwrites (fleecing). */
export class LiveSnapshot {
  constructor(
    private readonly qmp: QmpClient,
    private readonly machineDirectory: string,
  ) {}

  /** What the bitmaps of a running machine's disk are good for. */
  async plan(disk: string): Promise<BitmapPlan> {
    return planBitmaps(await this.bitmaps(disk));
  }

  /**
   * All disks in ONE transaction. The backup jobs come first: they drain their disks, so that when the bitmaps are
   * frozen no write is under way. Frozen first, a write that ended in the drain would be in the snapshot but in no
   * list of changes, and its bytes would never be copied.
   */
  async take({ stamp, disks }: SnapshotRecord, plans: ReadonlyMap<string, BitmapPlan>): Promise<void> {
    for (const { key } of disks)
      for (const name of plans.get(key)?.drop ?? []) await this.removeBitmap(key, name);
    for (const disk of disks) await this.makeOverlay(disk, stamp);
    const backups = disks.map(({ key }) => ({
      type: 'blockdev-backup',
      data: {
        'job-id': names(key, stamp).job,
        device: key,
        target: names(key, stamp).overlay,
        sync: 'none',
        'auto-dismiss': false,
      },
    }));
    const bitmaps = disks.flatMap((disk) => bitmapActions(disk, stamp));
    await this.qmp.execute('transaction', { actions: [...backups, ...bitmaps] });
    await this.qmp.execute('nbd-server-start', {
      addr: { type: 'unix', data: { path: socketPath(this.machineDirectory) } },
      'max-connections': MAX_CONNECTIONS,
    });
    for (const { key, frozen } of disks)
      await this.qmp.execute('block-export-add', {
        type: 'nbd',
        id: names(key, stamp).export,
        'node-name': names(key, stamp).overlay,
        name: key,
        writable: false,
        bitmaps: frozen.map((of) => ({ node: key, name: frozenBitmap(of) })),
      });
  }

  /** Whether everything of a snapshot is there still: exports and backup jobs. */
  async isWhole({ stamp, disks }: SnapshotRecord): Promise<boolean> {
    const exports = await this.qmp.execute<readonly { id: string }[]>('query-block-exports');
    const jobs = await this.qmp.execute<readonly { id: string; status: string }[]>('query-jobs');
    return disks.every(({ key }) => {
      const { export: exportId, job } = names(key, stamp);
      const running = jobs.some(({ id, status }) => id === job && status !== 'concluded');
      return running && exports.some(({ id }) => id === exportId);
    });
  }

  /** Takes everything of a snapshot away, however much of it there is. The bitmaps that record stay. */
  async drop({ stamp, disks }: SnapshotRecord): Promise<void> {
    for (const { key } of disks) await this.removeExport(names(key, stamp).export);
    // the server is ours when its socket is: another's would have refused ours a place
    if ((await this.exportCount()) === 0) await forgiving(this.qmp.execute('nbd-server-stop'));
    for (const { key, frozen } of disks) {
      const { job, overlay, file } = names(key, stamp);
      await this.cancelJob(job);
      for (const node of [overlay, file])
        await forgiving(this.qmp.execute('blockdev-del', { 'node-name': node }));
      for (const of of frozen) await this.removeBitmap(key, frozenBitmap(of));
      await rm(overlayPath(this.machineDirectory, key, stamp), { force: true });
    }
    await rm(socketPath(this.machineDirectory), { force: true });
  }

  /** Forgets what nobody can ask about any more: every bitmap of ours but those of these stamps. */
  async keepOnly(disk: string, stamps: readonly string[]): Promise<void> {
    for (const { name } of await this.bitmaps(disk)) {
      const stamp = trackingStamp(name);
      if (stamp !== undefined && !stamps.includes(stamp)) await this.removeBitmap(disk, name);
    }
  }

  private async makeOverlay({ key, path, format, sizeBytes }: SnapshotDisk, stamp: string): Promise<void> {
    const node = names(key, stamp);
    const filename = overlayPath(this.machineDirectory, key, stamp);
    await this.qmp.runJob(node.makeFile, 'blockdev-create', {
      'job-id': node.makeFile,
      options: { driver: 'file', filename, size: 0 },
    });
    await this.qmp.execute('blockdev-add', { driver: 'file', 'node-name': node.file, filename });
    await this.qmp.runJob(node.makeImage, 'blockdev-create', {
      'job-id': node.makeImage,
      options: {
        driver: 'qcow2',
        file: node.file,
        size: sizeBytes,
        'backing-file': path,
        'backing-fmt': format,
      },
    });
    await this.qmp.execute('blockdev-add', {
      driver: 'qcow2',
      'node-name': node.overlay,
      file: node.file,
      backing: key,
    });
  }

  private async bitmaps(disk: string): Promise<KnownBitmap[]> {
    const nodes = await this.qmp.execute<readonly NamedNode[]>('query-named-block-nodes', { flat: true });
    const node = nodes.find((one) => one['node-name'] === disk);
    if (!node)
      throw new MigrationError('snapshot.failed', `The running machine has no block node "${disk}".`);
    return (node['dirty-bitmaps'] ?? []).flatMap(({ name, granularity, inconsistent }) =>
      name === undefined ? [] : [{ name, granularityBytes: granularity, consistent: inconsistent !== true }],
    );
  }

  private async removeBitmap(disk: string, name: string): Promise<void> {
    await forgiving(this.qmp.execute('block-dirty-bitmap-remove', { node: disk, name }));
  }

  private async exportCount(): Promise<number> {
    return (await this.qmp.execute<readonly unknown[]>('query-block-exports')).length;
  }

  private async removeExport(id: string): Promise<void> {
    const gone = this.qmp.waitForEvent(
      ({ event, data }) => event === 'BLOCK_EXPORT_DELETED' && data['id'] === id,
      { timeoutMs: EVENT_TIMEOUT_MS },
    );
    const asked = await forgiving(this.qmp.execute('block-export-del', { id, mode: 'hard' }));
    if (asked) await gone;
  }

  private async cancelJob(id: string): Promise<void> {
    const jobs = await this.qmp.execute<readonly { id: string; status: string }[]>('query-jobs');
    const job = jobs.find((one) => one.id === id);
    if (!job) return;
    if (job.status !== 'concluded') {
      const concluded = this.qmp.waitForEvent(
        ({ event, data }) =>
          event === 'JOB_STATUS_CHANGE' && data['id'] === id && data['status'] === 'concluded',
        { timeoutMs: EVENT_TIMEOUT_MS },
      );
      if (await forgiving(this.qmp.execute('job-cancel', { id }))) await concluded;
    }
    await forgiving(this.qmp.execute('job-dismiss', { id }));
  }
}

function bitmapActions({ key: node, format, frozen }: SnapshotDisk, stamp: string): object[] {
  const freezes = frozen.flatMap((of) => [
    {
      type: 'block-dirty-bitmap-add',
      data: { node, name: frozenBitmap(of), granularity: GRANULARITY_BYTES, disabled: true },
    },
    {
      type: 'block-dirty-bitmap-merge',
      data: { node, target: frozenBitmap(of), bitmaps: [trackingBitmap(of)] },
    },
  ]);
  return [
    ...freezes,
    {
      type: 'block-dirty-bitmap-add',
      data: {
        node,
        name: trackingBitmap(stamp),
        granularity: GRANULARITY_BYTES,
        // raw has no place for it
        persistent: format === 'qcow2',
      },
    },
  ];
}

/** Whether QEMU did it; that the thing is not there is no failure. */
async function forgiving(command: Promise<unknown>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (thrown) {
    if (isQmpRefusal(thrown, /not found|not running|Failed to find|Cannot find/i)) return false;
    throw asMigrationError(thrown);
  }
}

/** A monitor for one piece of work. */
export function withMonitor<T>(
  path: string,
  { signal }: CallOptions,
  work: (qmp: QmpClient) => Promise<T>,
): Promise<T> {
  return (async () => {
    await using qmp = await QmpClient.connect(path, { signal });
    return await work(qmp);
  })();
}

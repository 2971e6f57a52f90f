import { rm, statfs } from 'node:fs/promises';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions, RunningProcess, SnapshotControl, SnapshotSpec } from '@ossea/plugin-sdk';
import { diskPath } from '@ossea/qemu';
import { newStamp, type BitmapPlan } from './bitmaps.js';
import { guarded } from './guarded.js';
import type { QemuHost } from './host.js';
import { LiveSnapshot, withMonitor } from './live-snapshot.js';
import { OfflineSnapshot } from './offline-snapshot.js';
import {
  overlayPath,
  readRecord,
  removeRecord,
  socketPath,
  writeRecord,
  type SnapshotDisk,
  type SnapshotRecord,
} from './snapshot-record.js';
import { Turns } from './turns.js';

/** The overlays grow with what the guest overwrites during a copy. */
const OVERLAY_RESERVE_BYTES = 256 << 20;

export const refOf = (vm: string, stamp: string): string => `${vm}/${stamp}`;

/** A machine's snapshot as somebody asks about it: which machine, and what its record says. */
export interface Standing {
  readonly vm: string;
  readonly directory: string;
  readonly record: SnapshotRecord;
}

/**
 * Crash-consistent snapshots of whole machines: at most one of ours for each, recorded in the machine's folder.
 * QEMU has no agent to ask here, so `quiesce` makes the same snapshot.
 */
export class QemuSnapshots implements SnapshotControl {
  readonly turns = new Turns();
  readonly offline: OfflineSnapshot;
  /** Daemons that show the disks of stopped machines, by machine. */
  private readonly shown = new Map<string, RunningProcess>();

  constructor(private readonly host: QemuHost) {
    this.offline = new OfflineSnapshot(host.context, host.images);
  }

  create({ vm }: SnapshotSpec, { key, ...call }: CallOptions & { readonly key: string }): Promise<string> {
    return guarded(call, async () => {
      await this.host.launcher.read(vm);
      return this.turns.take(vm, async () => {
        throwIfAborted(call.signal);
        const { directory } = this.host.launcher.paths(vm);
        const known = await readRecord(directory);
        if (known?.key === key && (await this.isWhole({ vm, directory, record: known }, call)))
          return refOf(vm, known.stamp);
        // at most one of ours: what is left of an older one is of no use to anybody
        if (known) await this.drop({ vm, directory, record: known }, call);
        return refOf(vm, (await this.take(vm, directory, key, call)).stamp);
      });
    });
  }

  find(
    key: string,
    call: CallOptions,
  ): Promise<{ readonly ref: string; readonly complete: boolean } | undefined> {
    return guarded(call, async () => {
      for (const vm of await this.host.launcher.list()) {
        const { directory } = this.host.launcher.paths(vm);
        const record = await readRecord(directory);
        if (record?.key !== key) continue;
        const complete = await this.isWhole({ vm, directory, record }, call);
        return { ref: refOf(vm, record.stamp), complete };
      }
      return undefined;
    });
  }

  remove(ref: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      const [vm = '', stamp] = ref.split('/');
      if (!(await this.host.launcher.list()).includes(vm)) return;
      await this.turns.take(vm, async () => {
        const { directory } = this.host.launcher.paths(vm);
        const record = await readRecord(directory);
        if (record?.stamp === stamp && record !== undefined) await this.drop({ vm, directory, record }, call);
      });
    });
  }

  /** A whole snapshot by its reference. Throws `resource.not-found`, and `snapshot.failed` for one that is broken. */
  async standing(ref: string, call: CallOptions): Promise<Standing> {
    const [vm = '', stamp] = ref.split('/');
    const known = (await this.host.launcher.list()).includes(vm);
    const directory = known ? this.host.launcher.paths(vm).directory : undefined;
    const record = directory === undefined ? undefined : await readRecord(directory);
    if (directory === undefined || record?.stamp !== stamp || record === undefined)
      throw new MigrationError('resource.not-found', 'There is no such snapshot.');
    const standing = { vm, directory, record };
    if (!(await this.isWhole(standing, call)))
      throw new MigrationError(
        'snapshot.failed',
        'The snapshot is broken: its machine was started or stopped.',
        {
          context: { machine: vm },
        },
      );
    return standing;
  }

  /** Makes sure that the disks of a snapshot can be read at its socket. */
  async show({ vm, directory, record }: Standing, call: CallOptions): Promise<void> {
    if (record.mode === 'live') return;
    await this.turns.take(vm, async () => {
      const shown = this.shown.get(vm);
      if (shown) return;
      const daemon = await this.offline.show(directory, record, call);
      this.shown.set(vm, daemon);
      void daemon.exited.then(() => {
        if (this.shown.get(vm) === daemon) this.shown.delete(vm);
      });
    });
  }

  /** Lets go of a stopped machine's disks, so that it can start: its snapshot ends. */
  async letGo(vm: string, call: CallOptions): Promise<void> {
    await this.turns.take(vm, async () => {
      const { directory } = this.host.launcher.paths(vm);
      const record = await readRecord(directory);
      if (record?.mode === 'offline') await this.drop({ vm, directory, record }, call);
    });
  }

  /** Ends the daemons; the snapshots stay. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.shown.keys()].map((vm) => this.hide(vm)));
  }

  private async take(vm: string, directory: string, key: string, call: CallOptions): Promise<SnapshotRecord> {
    const machine = await this.host.launcher.read(vm);
    const process = await this.host.launcher.find(vm);
    const disks: SnapshotDisk[] = [];
    for (const { key: disk, format, file } of machine.disks) {
      const path = diskPath(directory, { key: disk, format, file, boot: false });
      const { virtualSizeBytes } = await this.host.images.imageInfo(path, { format, ...call });
      disks.push({ key: disk, path, format, sizeBytes: virtualSizeBytes, frozen: [] });
    }
    const plain = { v: 1 as const, key, stamp: newStamp(), complete: false, disks };
    if (process) {
      await mustHaveRoom(directory);
      return withMonitor(this.host.launcher.paths(vm).qmp, call, async (qmp) => {
        const live = new LiveSnapshot(qmp, directory);
        const { pid, startTime } = process;
        const record = { ...plain, mode: 'live' as const, pid, startTime: String(startTime) };
        return this.make(
          directory,
          record,
          (disk) => live.plan(disk.key),
          async (planned, plans) => {
            await live.take(planned, plans);
            return planned.disks;
          },
        );
      });
    }
    return this.make(
      directory,
      { ...plain, mode: 'offline' },
      (disk) => this.offline.plan(disk, call),
      (planned, plans) => this.offline.take(planned, plans, call),
    );
  }

  /** The record before the effect, and again after it. */
  private async make(
    directory: string,
    record: SnapshotRecord,
    plan: (disk: SnapshotDisk) => Promise<BitmapPlan>,
    take: (planned: SnapshotRecord, plans: ReadonlyMap<string, BitmapPlan>) => Promise<SnapshotDisk[]>,
  ): Promise<SnapshotRecord> {
    const plans = new Map<string, BitmapPlan>();
    const disks: SnapshotDisk[] = [];
    for (const disk of record.disks) {
      const planned = await plan(disk);
      plans.set(disk.key, planned);
      disks.push({ ...disk, frozen: [...planned.freeze] });
    }
    const planned = { ...record, disks };
    await writeRecord(directory, planned);
    const complete = { ...planned, disks: await take(planned, plans), complete: true };
    await writeRecord(directory, complete);
    return complete;
  }

  private async isWhole({ vm, directory, record }: Standing, call: CallOptions): Promise<boolean> {
    if (!record.complete) return false;
    const process = await this.host.launcher.find(vm);
    if (record.mode === 'offline') return !process && (await this.offline.isWhole(record));
    if (!this.isItsProcess(record, process)) return false;
    return withMonitor(this.host.launcher.paths(vm).qmp, call, (qmp) =>
      new LiveSnapshot(qmp, directory).isWhole(record),
    );
  }

  private async drop({ vm, directory, record }: Standing, call: CallOptions): Promise<void> {
    await this.hide(vm);
    const process = await this.host.launcher.find(vm);
    if (process)
      await withMonitor(this.host.launcher.paths(vm).qmp, call, (qmp) =>
        // in another life of the machine only bitmaps and files of it can be left; dropping forgives what is gone
        new LiveSnapshot(qmp, directory).drop(record),
      );
    else {
      if (record.mode === 'offline') await this.offline.drop(record, call);
      await removeFiles(directory, record);
    }
    await removeRecord(directory);
  }

  private isItsProcess(
    { pid, startTime }: SnapshotRecord,
    process: { readonly pid: number; readonly startTime: unknown } | undefined,
  ): boolean {
    return process !== undefined && process.pid === pid && String(process.startTime) === startTime;
  }

  private async hide(vm: string): Promise<void> {
    const daemon = this.shown.get(vm);
    this.shown.delete(vm);
    await daemon?.[Symbol.asyncDispose]();
  }
}

async function mustHaveRoom(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < OVERLAY_RESERVE_BYTES)
    throw new MigrationError(
      'storage.full',
      'There is no room for what the guest overwrites during a copy.',
      {
        context: { end: 'source', freeBytes: bavail * bsize, neededBytes: OVERLAY_RESERVE_BYTES },
      },
    );
}

async function removeFiles(directory: string, { disks, stamp }: SnapshotRecord): Promise<void> {
  for (const { key } of disks) await rm(overlayPath(directory, key, stamp), { force: true });
  await rm(socketPath(directory), { force: true });
}

import { MigrationError, asMigrationError } from '@ossea/errors';
import { Turns, type CallOptions } from '@ossea/plugin-sdk';
import { trackingBitmap } from './bitmaps.js';
import { withMonitor } from './block-nodes.js';
import type { QemuHost } from './host.js';
import type { ImageDaemon } from './image-daemon.js';
import { LiveSnapshot } from './live-snapshot.js';
import { canBeRead } from './nbd-probe.js';
import { OfflineSnapshot } from './offline-snapshot.js';
import {
  liveSocketPath,
  readRecord,
  removeRecord,
  writeRecord,
  type SnapshotRecord,
} from './snapshot-record.js';

const REF = /^([a-z0-9-]{1,64})\/([0-9a-z]{10})$/;

/** A machine's snapshot as somebody asks about it: which machine, and what its record says. */
export interface Standing {
  readonly vm: string;
  readonly directory: string;
  readonly record: SnapshotRecord;
}

export const refOf = ({ vm, record }: Pick<Standing, 'vm' | 'record'>): string => `${vm}/${record.stamp}`;

/** The snapshots that stand, at most one for each machine, and the daemons that hold those of stopped machines. */
export class StandingSnapshots {
  /** Whatever changes a machine's snapshot or its bitmaps takes its turn. */
  readonly turns = new Turns();
  readonly offline: OfflineSnapshot;
  private readonly held = new Map<string, ImageDaemon>();

  constructor(private readonly host: QemuHost) {
    this.offline = new OfflineSnapshot(host.context, host.images);
  }

  /** The snapshot of a machine that is known, if it has one. */
  async of(vm: string): Promise<Standing | undefined> {
    const { directory } = this.host.launcher.paths(vm);
    const record = await readRecord(directory);
    return record && { vm, directory, record };
  }

  /** The snapshot of a reference, whole or not; `undefined` when it is gone, or never was. */
  async byRef(ref: string): Promise<Standing | undefined> {
    const [, vm, stamp] = REF.exec(ref) ?? [];
    const standing = vm === undefined ? undefined : await this.of(vm);
    return standing?.record.stamp === stamp ? standing : undefined;
  }

  /** Throws `resource.not-found`, and `snapshot.failed` for one that is broken. */
  async get(ref: string, call: CallOptions): Promise<Standing> {
    const standing = await this.byRef(ref);
    if (!standing) throw noSnapshot();
    if (await this.isThere(standing, call)) return standing;
    throw broken(standing.vm);
  }

  /** Where the disks of a snapshot can be read. Throws `snapshot.failed`. */
  async show(standing: Standing, call: CallOptions): Promise<string> {
    const { vm, directory, record } = standing;
    if (record.mode === 'live') return liveSocketPath(directory);
    return this.turns.take(vm, async () => {
      const daemon = this.held.get(refOf(standing)) ?? (await this.offline.show(directory, record, call));
      this.hold(standing, daemon);
      return daemon.socketPath;
    });
  }

  /** Throws `snapshot.failed` when a disk cannot be read any more, and remembers it. */
  async mustBeReadable(standing: Standing, disk: string, socket: string, call: CallOptions): Promise<void> {
    if (await canBeRead(this.host.context, socket, disk, call)) return;
    await this.turns.take(standing.vm, async () => {
      const now = await this.byRef(refOf(standing));
      if (!now) return;
      // where the overlay found no room the record may find none: whoever asks next reads, and is told the same
      await writeRecord(now.directory, { ...now.record, state: 'broken' }).catch((error: unknown) => {
        const cause = asMigrationError(error).message;
        this.host.context.log.warn('A broken snapshot cannot be noted.', { machine: now.vm, cause });
      });
    });
    throw broken(standing.vm);
  }

  /** Remembers that somebody has a change token of a snapshot: the bitmaps that it began must outlive it. */
  async markIssued({ vm }: Standing, ref: string): Promise<void> {
    await this.turns.take(vm, async () => {
      const standing = await this.byRef(ref);
      if (!standing) throw noSnapshot();
      const { directory, record } = standing;
      if (!record.issued) await writeRecord(directory, { ...record, issued: true });
    });
  }

  /** Lets go of a stopped machine's disks, so that it can start: its snapshot is broken then. */
  async letGo(vm: string): Promise<void> {
    await this.turns.take(vm, async () => {
      const standing = await this.of(vm);
      if (standing?.record.mode !== 'offline') return;
      await writeRecord(standing.directory, { ...standing.record, state: 'broken' });
      await this.release(standing);
    });
  }

  /** Whether all of it is there, as far as can be told without reading. */
  async isThere(standing: Standing, call: CallOptions): Promise<boolean> {
    const { vm, directory, record } = standing;
    if (record.state !== 'whole') return false;
    const process = await this.host.launcher.find(vm);
    if (record.mode === 'offline')
      return !process && (await this.offline.isUnwritten(record, this.held.has(refOf(standing))));
    if (process?.pid !== record.pid || process?.startTime !== record.startTime) return false;
    return withMonitor(this.host.launcher.paths(vm).qmp, call, (qmp) =>
      new LiveSnapshot(qmp, directory).isThere(record),
    );
  }

  /** Whether it is there and shows its moment still. */
  async isWhole(standing: Standing, call: CallOptions): Promise<boolean> {
    if (!(await this.isThere(standing, call))) return false;
    const { directory, record } = standing;
    if (record.mode === 'offline') return true;
    for (const { key } of record.disks)
      if (!(await canBeRead(this.host.context, liveSocketPath(directory), key, call))) return false;
    return true;
  }

  /** Takes all of a snapshot away, however much of it there is; in its machine's turn. */
  async drop(standing: Standing, call: CallOptions): Promise<void> {
    const { vm, directory, record } = standing;
    await this.release(standing);
    if (await this.host.launcher.find(vm))
      // in another life of the machine only bitmaps and files of it can be left
      await withMonitor(this.host.launcher.paths(vm).qmp, call, (qmp) =>
        new LiveSnapshot(qmp, directory).drop(record),
      );
    else if (!record.issued) await this.forgetOffline(standing, call);
    await removeRecord(directory, record);
  }

  hold(standing: Standing, daemon: ImageDaemon): void {
    const ref = refOf(standing);
    if (this.held.get(ref) === daemon) return;
    this.held.set(ref, daemon);
    void daemon.exited.then(() => {
      if (this.held.get(ref) === daemon) this.held.delete(ref);
    });
  }

  /** Ends the daemons; the snapshots stay. */
  async releaseAll(): Promise<void> {
    const daemons = [...this.held.values()];
    this.held.clear();
    await Promise.all(daemons.map((daemon) => daemon[Symbol.asyncDispose]()));
  }

  private async release(standing: Standing): Promise<void> {
    const daemon = this.held.get(refOf(standing));
    this.held.delete(refOf(standing));
    await daemon?.[Symbol.asyncDispose]();
  }

  /** A bitmap too many costs a little; it is no reason to keep a snapshot. */
  private async forgetOffline({ vm, directory, record }: Standing, call: CallOptions): Promise<void> {
    const mine = trackingBitmap(record.stamp);
    try {
      await this.offline.forget(directory, record.disks, (name) => name === mine, call);
    } catch (thrown) {
      const error = asMigrationError(thrown);
      if (error.code === 'call.aborted') throw error;
      this.host.context.log.warn('A bitmap stays in an image.', { machine: vm, cause: error.message });
    }
  }
}

export function noSnapshot(): MigrationError {
  return new MigrationError('resource.not-found', 'There is no such snapshot.');
}

function broken(vm: string): MigrationError {
  return new MigrationError(
    'snapshot.failed',
    'The snapshot does not show its moment any more: its machine was started or stopped, or what the guest overwrote could not be kept.',
    { context: { machine: vm } },
  );
}

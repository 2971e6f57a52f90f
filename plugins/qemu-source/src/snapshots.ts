import { statfs } from 'node:fs/promises';
import { MigrationError, asMigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions, IdempotencyKey, SnapshotControl, SnapshotSpec } from '@ossea/plugin-sdk';
import { diskPath } from '@ossea/qemu';
import { newStamp } from './bitmaps.js';
import { withMonitor } from './block-nodes.js';
import { asSnapshotFault } from './fault-to-error.js';
import { guarded } from './guarded.js';
import type { QemuHost } from './host.js';
import { LiveSnapshot } from './live-snapshot.js';
import { writeRecord, type SnapshotDisk, type SnapshotRecord } from './snapshot-record.js';
import { refOf, type Standing, type StandingSnapshots } from './standing-snapshots.js';

/** The overlays grow with what the guest overwrites during a copy. */
const OVERLAY_RESERVE_BYTES = 256 << 20;

/**
 * Crash-consistent snapshots of whole machines: at most one of ours for each, recorded in the machine's folder.
 * There is no agent in the guest to ask here, so `quiesce` makes the same snapshot.
 */
export class QemuSnapshots implements SnapshotControl {
  constructor(
    private readonly host: QemuHost,
    private readonly standing: StandingSnapshots,
  ) {}

  /**
   * One that is broken is taken anew, under another reference: what was read from the old one does not fit the new.
   * Throws `resource.conflict` while a whole one stands under another key.
   */
  create(
    { vm }: SnapshotSpec,
    { key, ...call }: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<string> {
    return guarded(call, async () => {
      await this.host.launcher.read(vm);
      return this.standing.turns.take(vm, async () => {
        throwIfAborted(call.signal);
        const present = await this.standing.of(vm);
        if (present) {
          const whole = await this.standing.isWhole(present, call);
          if (whole && present.record.key === key) return refOf(present);
          if (whole) throw anotherStands(present);
          await this.standing.drop(present, call);
        }
        return this.take(vm, key, call);
      });
    });
  }

  find(
    key: IdempotencyKey,
    call: CallOptions,
  ): Promise<{ readonly ref: string; readonly complete: boolean } | undefined> {
    return guarded(call, async () => {
      for (const vm of await this.host.launcher.list()) {
        throwIfAborted(call.signal);
        const standing = await this.standing.of(vm);
        if (standing?.record.key !== key) continue;
        return { ref: refOf(standing), complete: await this.standing.isWhole(standing, call) };
      }
      return undefined;
    });
  }

  remove(ref: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      const { vm } = (await this.standing.byRef(ref)) ?? {};
      if (vm === undefined) return;
      await this.standing.turns.take(vm, async () => {
        throwIfAborted(call.signal);
        const standing = await this.standing.byRef(ref);
        if (standing) await this.standing.drop(standing, call);
      });
    });
  }

  private async take(vm: string, key: string, call: CallOptions): Promise<string> {
    const { directory } = this.host.launcher.paths(vm);
    const disks = await this.disksOf(vm, call);
    const process = await this.host.launcher.find(vm);
    const record: SnapshotRecord = {
      v: 1,
      key,
      stamp: newStamp(),
      state: 'making',
      issued: false,
      ...(process ? { mode: 'live', pid: process.pid, startTime: process.startTime } : { mode: 'offline' }),
      disks,
    };
    const taken = { vm, directory, record };
    try {
      await (process ? this.takeLive(taken, call) : this.takeOffline(taken, call));
      return refOf(taken);
    } catch (error) {
      await this.undo(refOf(taken));
      throw asSnapshotFault(error);
    }
  }

  private async disksOf(vm: string, call: CallOptions): Promise<SnapshotDisk[]> {
    const machine = await this.host.launcher.read(vm);
    const { directory } = this.host.launcher.paths(vm);
    const disks: SnapshotDisk[] = [];
    for (const disk of machine.disks) {
      const { key, format } = disk;
      const path = diskPath(directory, disk);
      const { virtualSizeBytes } = await this.host.images.imageInfo(path, { format, ...call });
      disks.push({ key, path, format, sizeBytes: virtualSizeBytes, since: [] });
    }
    return disks;
  }

  private async takeLive({ vm, directory, record }: Standing, call: CallOptions): Promise<void> {
    await mustHaveRoom(directory);
    await withMonitor(this.host.launcher.paths(vm).qmp, call, async (qmp) => {
      const live = new LiveSnapshot(qmp, directory);
      const plans = await live.plan(record.disks);
      const disks = record.disks.map((disk) => ({
        ...disk,
        since: [...(plans.get(disk.key)?.usable ?? [])],
      }));
      const useless = [...plans].flatMap(([disk, { drop }]) => drop.map((bitmap) => ({ disk, bitmap })));
      // before the effect, with all that it will be made of
      const planned = { ...record, disks };
      await writeRecord(directory, planned);
      await live.take(planned, useless);
      await writeRecord(directory, { ...planned, state: 'whole' });
    });
  }

  private async takeOffline(taken: Standing, call: CallOptions): Promise<void> {
    const { directory, record } = taken;
    await writeRecord(directory, record);
    const { disks, daemon } = await this.standing.offline.take(directory, record, call);
    this.standing.hold(taken, daemon);
    await writeRecord(directory, { ...record, disks, state: 'whole' });
  }

  /** Takes away what a failed attempt has left; where that fails too, the record tells whoever comes next. */
  private async undo(ref: string): Promise<void> {
    try {
      const left = await this.standing.byRef(ref);
      if (left) await this.standing.drop(left, { signal: new AbortController().signal });
    } catch (error) {
      const cause = asMigrationError(error).message;
      this.host.context.log.warn('A snapshot that failed has left parts behind.', { snapshot: ref, cause });
    }
  }
}

function anotherStands({ vm, record }: Standing): MigrationError {
  return new MigrationError(
    'resource.conflict',
    `The machine has a snapshot of another replication (key ${record.key}); it must be removed there first.`,
    { context: { machine: vm, key: record.key } },
  );
}

async function mustHaveRoom(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= OVERLAY_RESERVE_BYTES) return;
  throw new MigrationError('storage.full', 'There is no room for what the guest overwrites during a copy.', {
    context: { end: 'source', freeBytes, neededBytes: OVERLAY_RESERVE_BYTES },
  });
}

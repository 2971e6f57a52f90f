import { asMigrationError, MigrationError } from '@ossea/errors';
import type { CallOptions, ChangedBlockTracking, Extent } from '@ossea/plugin-sdk';
import { diskPath, readDirtyRanges } from '@ossea/qemu';
import { frozenBitmap, trackingBitmap } from './bitmaps.js';
import { withMonitor } from './block-nodes.js';
import { formatToken, parseToken, reset } from './change-token.js';
import { diskOf } from './disks.js';
import { guarded, guardedStream } from './guarded.js';
import type { QemuHost } from './host.js';
import { LiveSnapshot } from './live-snapshot.js';
import { noSnapshot, type Standing, type StandingSnapshots } from './standing-snapshots.js';

interface Range {
  readonly since: string;
  readonly until: string;
}

/** Changed blocks by QEMU's dirty bitmaps: each snapshot begins one on every disk, and tells what older ones hold. */
export class QemuChangeTracking implements ChangedBlockTracking {
  constructor(
    private readonly host: QemuHost,
    private readonly standing: StandingSnapshots,
  ) {}

  /** Every snapshot begins to record by itself: there is nothing to switch on. Throws `resource.not-found`. */
  enable(vm: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      await this.host.launcher.read(vm);
    });
  }

  /** Forgets every bitmap of ours: no token of before is good any more. Throws `resource.busy` beside a snapshot. */
  disable(vm: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      const machine = await this.host.launcher.read(vm);
      const { directory, qmp } = this.host.launcher.paths(vm);
      await this.standing.turns.take(vm, async () => {
        await this.clearAway(vm, call);
        if (await this.host.launcher.find(vm))
          return withMonitor(qmp, call, async (monitor) => {
            const live = new LiveSnapshot(monitor, directory);
            for (const { key } of machine.disks) await live.keepOnly(key, []);
          });
        const disks = machine.disks.map((disk) => ({ ...disk, path: diskPath(directory, disk) }));
        await this.standing.offline.forget(directory, disks, () => true, call);
      });
    });
  }

  /** Good for a broken snapshot too: what was read from it before was right, or reading it failed. */
  token(disk: string, snapshot: string, call: CallOptions): Promise<string> {
    return guarded(call, async () => {
      const standing = await this.standing.byRef(snapshot);
      if (!standing || standing.record.state === 'making') throw noSnapshot();
      const { key } = diskOf(standing, disk);
      await this.standing.markIssued(standing, snapshot);
      return formatToken({ vm: standing.vm, disk: key, stamp: standing.record.stamp });
    });
  }

  changes(disk: string, range: Range, call: CallOptions): AsyncIterable<Extent> {
    return guardedStream(call, () => this.ranges(disk, range, call));
  }

  private async *ranges(disk: string, { since, until }: Range, call: CallOptions): AsyncIterable<Extent> {
    const standing = await this.standing.get(until, call);
    const { key, sizeBytes, since: known } = diskOf(standing, disk);
    const { stamp } = parseToken(since, standing.vm, key);
    if (stamp === standing.record.stamp) return;
    if (!known.includes(stamp))
      throw reset(
        'Nobody has recorded all that changed since: the machine was not closed cleanly, its image keeps no record, or too much happened since.',
      );
    const socketPath = await this.standing.show(standing, call);
    const live = standing.record.mode === 'live';
    const bitmap = live ? frozenBitmap(stamp) : trackingBitmap(stamp);
    try {
      const source = { socketPath, exportName: key, bitmap, sizeBytes };
      yield* readDirtyRanges(this.host.context.run, source, call);
    } catch (error) {
      // what cannot be read of a snapshot that is gone is no trouble of the reader's
      if (asMigrationError(error).code === 'process.failed') await this.standing.get(until, call);
      throw error;
    }
    if (live) await this.forgetOlder(standing, key, stamp, call);
  }

  /**
   * Whoever asks for changes since a token has sealed it: older bitmaps will never be asked for again, and those
   * in between belong to cycles that failed. In a stopped machine's image, which is held, they wait until it runs.
   */
  private async forgetOlder(
    standing: Standing,
    disk: string,
    since: string,
    call: CallOptions,
  ): Promise<void> {
    const { vm, directory, record } = standing;
    await this.standing.turns.take(vm, () =>
      withMonitor(this.host.launcher.paths(vm).qmp, call, (qmp) =>
        new LiveSnapshot(qmp, directory).keepOnly(disk, [since, record.stamp]),
      ),
    );
  }

  private async clearAway(vm: string, call: CallOptions): Promise<void> {
    const standing = await this.standing.of(vm);
    if (!standing) return;
    if (await this.standing.isWhole(standing, call))
      throw new MigrationError('resource.busy', 'A snapshot of the machine is open.', {
        context: { machine: vm },
      });
    await this.standing.drop(standing, call);
  }
}
